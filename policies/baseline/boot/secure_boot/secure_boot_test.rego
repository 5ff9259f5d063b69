package baseline.boot.secure_boot_test

import data.baseline.boot.secure_boot

test_success_on if {
	secure_boot.live.verdict == "pass" with input.boot as {"efi": true, "secure_boot": true, "setup_mode": false}
}

test_fail_off if {
	secure_boot.live.reason == "off" with input.boot as {"efi": true, "secure_boot": false}
	secure_boot.live.reason == "setup_mode" with input.boot as {"efi": true, "secure_boot": true, "setup_mode": true}
}

test_unmeasured_live if {
	not secure_boot.live with input as {"families": {}}
	not secure_boot.live with input.boot as {"efi": true}
}

test_not_applicable if {
	secure_boot.applies == false with input.boot.efi as false
}
