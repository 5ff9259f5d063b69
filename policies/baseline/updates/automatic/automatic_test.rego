package baseline.updates.automatic_test

import data.baseline.updates.automatic

test_success_on_and_ran if {
	automatic.persisted.verdict == "pass" with input.updates as {"automatic": true}
	automatic.live.verdict == "pass" with input.updates as {"automatic": true, "automatic_last_run": "2026-06-14T03:00:00Z"}
}

test_fail_off_or_late if {
	automatic.persisted.verdict == "fail" with input.updates as {"automatic": false}
	automatic.live.reason == "late" with input.updates as {"automatic": true, "automatic_last_run": "2026-05-14T03:00:00Z"}
	automatic.live.reason == "off" with input as {"live": true, "updates": {"automatic": false}}
}

test_unmeasured_persisted if {
	not automatic.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not automatic.live with input as {"families": {}}
	not automatic.live with input.updates as {"automatic": true}
}
