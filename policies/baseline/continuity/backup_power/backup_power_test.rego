package baseline.continuity.backup_power_test

import data.baseline.continuity.backup_power

test_success_present if {
	backup_power.live.verdict == "pass" with input.continuity as {"power": [{"name": "BAT0", "type": "battery"}]}
	backup_power.live.verdict == "pass" with input.continuity as {"power": [], "nut": true}
}

test_fail_none if {
	backup_power.live.verdict == "fail" with input.continuity as {"power": [{"name": "AC", "type": "mains"}], "nut": false}
}

test_unmeasured_live if {
	not backup_power.live with input as {"families": {}}
	not backup_power.live with input.continuity as {"power": []}
}

test_not_applicable if {
	backup_power.applies == false with input.hardware as {"virtualization": "kvm"}
}
