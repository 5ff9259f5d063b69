package baseline.kernel.running_newest_test

import data.baseline.kernel.running_newest

kernel(newest) := {"release": "6.1.0-20-amd64", "newest_installed": "6.1.0-28-amd64", "running_is_newest": newest}

test_success_newest if {
	running_newest.live.verdict == "pass" with input.kernel as kernel(true)
}

test_fail_old if {
	running_newest.live.params.newest == "6.1.0-28-amd64" with input.kernel as kernel(false)
}

test_unmeasured_live if {
	not running_newest.live with input as {"families": {}}
	not running_newest.live with input.kernel as {"release": "6.1.0"}
}
