package baseline.accounts.password_age_test

import data.baseline.accounts.password_age

accounts(password) := {"shadow_read": true, "users": [{"name": "olena", "system": false, "can_login": true, "password": password}]}

test_success_bounded if {
	password_age.persisted.verdict == "pass" with input.accounts as accounts({"state": "set", "max_days": 365})
	password_age.persisted.verdict == "pass" with input.accounts as accounts({"state": "locked", "max_days": 99999})
}

test_fail_never if {
	every password in [{"state": "set", "max_days": 99999}, {"state": "set"}, {"state": "set", "max_days": -1}] {
		password_age.persisted.verdict == "fail" with input.accounts as accounts(password)
	}
}

test_unmeasured_persisted if {
	not password_age.persisted with input as {"families": {}}
	not password_age.persisted with input.accounts as {"shadow_read": false, "users": [{"name": "root"}]}
}
