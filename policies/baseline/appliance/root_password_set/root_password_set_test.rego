package baseline.appliance.root_password_set_test

import data.baseline.appliance.root_password_set

test_success_set if {
	root_password_set.persisted.verdict == "pass" with input.openwrt as {"root_password_set": true}
}

test_fail_unset if {
	root_password_set.persisted.verdict == "fail" with input.openwrt as {"root_password_set": false}
}

test_unmeasured_persisted if {
	not root_password_set.persisted with input as {"families": {}}
	not root_password_set.persisted with input.openwrt as {}
}

test_not_applicable if {
	root_password_set.applies == false with input.families.openwrt.state as "not_applicable"
	root_password_set.applies == true with input.openwrt as {}
}
