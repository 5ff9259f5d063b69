package baseline.updates.no_pending_reboot_test

import data.baseline.updates.no_pending_reboot

test_success_none if {
	no_pending_reboot.live.verdict == "pass" with input.boot as {"reboot_required": false}
}

test_fail_pending if {
	no_pending_reboot.live.verdict == "fail" with input.boot as {"reboot_required": true}
}

test_unmeasured_live if {
	not no_pending_reboot.live with input as {"families": {}}
}
