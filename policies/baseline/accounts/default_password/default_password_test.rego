package baseline.accounts.default_password_test

import data.baseline.accounts.default_password

user(password) := {"shadow_read": true, "users": [{"name": "a", "can_login": true, "password": password}]}

test_success_own if {
	default_password.persisted.verdict == "pass" with input.accounts as user({"state": "set", "weak_tested": true})
	default_password.persisted.verdict == "pass" with input.accounts as user({"state": "locked"})
}

test_fail_default if {
	result := default_password.persisted with input.accounts as user({"state": "set", "weak_tested": true, "weak_default": true})
	result.params.users == ["a"]
}

test_unmeasured_persisted if {
	not default_password.persisted with input as {"families": {}}
	not default_password.persisted with input.accounts as user({"state": "set", "algorithm": "yescrypt"})
	not default_password.persisted with input.accounts as {"shadow_read": false, "users": [{"name": "root"}]}
}
