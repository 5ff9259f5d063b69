package baseline.filesystem.account_files_test

import data.baseline.filesystem.account_files

state(path, mode, uid, group) := {"path": path, "kind": "file", "mode": mode, "uid": uid, "gid": 42, "user": "u", "group": group}

paths(extra) := object.union(
	object.remove(good, object.keys(extra)),
	extra,
)

good := {
	"/etc/passwd": state("/etc/passwd", "0644", 0, "root"),
	"/etc/group": state("/etc/group", "0644", 0, "root"),
	"/etc/shadow": state("/etc/shadow", "0640", 0, "shadow"),
	"/etc/gshadow-": {"path": "/etc/gshadow-", "kind": "absent"},
}

test_success_closed if {
	account_files.persisted.verdict == "pass" with input.files.paths as paths({})
	account_files.persisted.verdict == "pass" with input.files.paths as paths({"/etc/shadow": state("/etc/shadow", "0000", 0, "root")})
	account_files.persisted.verdict == "pass" with input.files.paths as paths({"/etc/shadow": {"kind": "absent"}})
}

test_fail_open if {
	every bad in [
		{"/etc/passwd": state("/etc/passwd", "0666", 0, "root")},
		{"/etc/group-": state("/etc/group-", "0644", 1000, "root")},
		{"/etc/shadow": state("/etc/shadow", "0644", 0, "shadow")},
		{"/etc/shadow": state("/etc/shadow", "0640", 0, "users")},
		{"/etc/gshadow-": state("/etc/gshadow-", "0660", 0, "shadow")},
		{"/etc/shadow": object.remove(state("/etc/shadow", "0640", 0, "shadow"), ["group"])},
	] {
		account_files.persisted.verdict == "fail" with input.files.paths as paths(bad)
	}
}

test_unmeasured_persisted if {
	not account_files.persisted with input as {"families": {}}
	not account_files.persisted with input.files.paths as paths({"/etc/shadow": {"kind": "unknown"}})
}
