package baseline.continuity.arrays_whole_test

import data.baseline.continuity.arrays_whole

test_success_whole if {
	arrays_whole.live.verdict == "pass" with input.continuity as {"raid": [{"device": "md0", "degraded": false}]}
}

test_fail_degraded if {
	arrays_whole.live.params.names == ["md1"] with input.continuity as {"raid": [{"device": "md0", "degraded": false}, {"device": "md1", "degraded": true}]}
}

test_unmeasured_live if {
	not arrays_whole.live with input as {"families": {}}
	not arrays_whole.live with input.continuity as {"raid": [{"device": "md0"}]}
}

test_not_applicable if {
	arrays_whole.applies == false with input.continuity as {"raid": []}
}
