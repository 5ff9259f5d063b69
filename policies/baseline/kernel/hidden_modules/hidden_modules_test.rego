package baseline.kernel.hidden_modules_test

import data.baseline.kernel.hidden_modules

test_success_none if {
	hidden_modules.live.verdict == "pass" with input.kernel.hidden_modules as []
}

test_fail_hidden if {
	hidden_modules.live.verdict == "fail" with input.kernel.hidden_modules as ["reptile"]
}

test_unmeasured_live if {
	not hidden_modules.live with input as {"families": {}}
	not hidden_modules.live with input.kernel as {"modules": []}
}
