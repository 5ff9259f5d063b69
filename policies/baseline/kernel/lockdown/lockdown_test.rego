package baseline.kernel.lockdown_test

import data.baseline.kernel.lockdown

test_success_locked if {
	lockdown.live.verdict == "pass" with input.kernel.lockdown as "integrity"
}

test_fail_none if {
	lockdown.live.verdict == "fail" with input.kernel.lockdown as "none"
}

test_unmeasured_live if {
	not lockdown.live with input as {"families": {}}
	not lockdown.live with input.kernel as {"release": "6.1"}
}
