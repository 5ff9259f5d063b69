package baseline.kernel.lockdown_test

import data.baseline.kernel.lockdown

test_success_locked if {
	lockdown.live.verdict == "pass" with input.kernel.lockdown as "integrity"
}

test_fail_none if {
	lockdown.live.verdict == "fail" with input.kernel.lockdown as "none"
}

test_success_persisted if {
	lockdown.persisted.verdict == "pass" with input.kernel.lockdown_next as "confidentiality"
}

test_fail_persisted if {
	lockdown.persisted.verdict == "fail" with input.kernel.lockdown_next as "none"
}

test_unmeasured_persisted if {
	not lockdown.persisted with input as {"families": {}}
	not lockdown.persisted with input.kernel as {"lockdown": "none"}
}

test_unmeasured_live if {
	not lockdown.live with input as {"families": {}}
	not lockdown.live with input.kernel as {"release": "6.1"}
}
