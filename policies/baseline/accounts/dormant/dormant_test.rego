package baseline.accounts.dormant_test

import data.baseline.accounts.dormant

accounts(last_login, state) := {"shadow_read": true, "users": [{
	"name": "olena", "can_login": true, "system": false,
	"last_login": last_login, "password": {"state": state}, "authorized_keys": [],
}]}

test_success_used if {
	dormant.persisted.verdict == "pass" with input.accounts as accounts("2026-06-01T00:00:00Z", "set")
	dormant.persisted.verdict == "pass" with input.accounts as accounts("2020-06-01T00:00:00Z", "locked")
	dormant.persisted.verdict == "pass" with input.accounts as {"shadow_read": true, "users": [{"name": "a", "can_login": true, "system": false}]}
}

test_fail_forgotten if {
	dormant.persisted.params.users == ["olena (2026-01-01)"] with input.accounts as accounts("2026-01-01T00:00:00Z", "set")
}

test_fail_forgotten_with_key if {
	a := {"shadow_read": true, "users": [{"name": "a", "can_login": true, "system": false, "last_login": "2026-01-01T00:00:00Z", "authorized_keys": [{}]}]}
	dormant.persisted.verdict == "fail" with input.accounts as a
}

test_unmeasured_persisted if {
	not dormant.persisted with input as {"families": {}}
	not dormant.persisted with input.accounts as {"shadow_read": false, "users": [{"name": "a"}]}
}
