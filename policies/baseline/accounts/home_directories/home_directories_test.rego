package baseline.accounts.home_directories_test

import data.baseline.accounts.home_directories

user(mode, uid, group) := {
	"name": "olena", "uid": 1000,
	"home_state": {"path": "/home/olena", "kind": "dir", "mode": mode, "uid": uid, "gid": 1000, "user": "o", "group": group},
}

test_success_closed if {
	every u in [user("0700", 1000, "olena"), user("0755", 1000, "users"), user("0755", 0, "root")] {
		home_directories.persisted.verdict == "pass" with input.accounts.users as [u]
	}
}

test_fail_open if {
	every u in [user("0777", 1000, "olena"), user("0770", 1000, "users"), user("0770", 1000, "olena"), user("0700", 1001, "users")] {
		home_directories.persisted.verdict == "fail" with input.accounts.users as [u]
	}
}

test_unmeasured_persisted if {
	not home_directories.persisted with input as {"families": {}}
	not home_directories.persisted with input.accounts.users as [{"name": "olena", "uid": 1000}]
}
