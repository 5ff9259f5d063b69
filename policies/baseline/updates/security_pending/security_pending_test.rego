package baseline.updates.security_pending_test

import data.baseline.updates.security_pending

test_success_none if {
	security_pending.persisted.verdict == "pass" with input.updates as {"pending_security": 0, "lists_age_days": 1}
}

test_fail_pending if {
	security_pending.persisted.params.count == 3 with input.updates as {"pending_security": 3, "lists_age_days": 40}
	security_pending.persisted.verdict == "fail" with input.updates as {"pending_security": 3, "lists_age_days": 40}
}

test_unmeasured_persisted if {
	not security_pending.persisted with input as {"families": {}}
	not security_pending.persisted with input.updates as {"pending_security": 0, "lists_age_days": 90}
}
