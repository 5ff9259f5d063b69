package baseline.accounts.empty_password_test

import data.baseline.accounts.empty_password

user(name, state) := {"name": name, "uid": 1000, "password": {"state": state}}

test_success_set_or_locked if {
	users := [user("a", "set"), user("b", "locked"), user("c", "none")]
	empty_password.persisted.verdict == "pass" with input.accounts as {"shadow_read": true, "users": users}
}

test_fail_empty if {
	empty_password.persisted.params.users == ["b"] with input.accounts as {"shadow_read": true, "users": [user("a", "set"), user("b", "empty")]}
}

test_unmeasured_persisted if {
	not empty_password.persisted with input as {"families": {}}
	not empty_password.persisted with input.accounts as {"shadow_read": false, "users": [{"name": "root", "uid": 0}]}
}
