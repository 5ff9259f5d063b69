package baseline.updates.lists_fresh_test

import data.baseline.updates.lists_fresh

test_success_fresh if {
	lists_fresh.persisted.verdict == "pass" with input.updates as {"lists_age_days": 2}
}

test_fail_old if {
	lists_fresh.persisted.verdict == "fail" with input.updates as {"lists_age_days": 200}
}

test_unmeasured_persisted if {
	not lists_fresh.persisted with input as {"families": {}}
	not lists_fresh.persisted with input.updates as {"lists_age_days": -3}
}
