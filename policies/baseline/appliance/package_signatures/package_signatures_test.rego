package baseline.appliance.package_signatures_test

import data.baseline.appliance.package_signatures

test_success_on if {
	package_signatures.persisted.verdict == "pass" with input.openwrt as {"check_signature": true}
}

test_fail_off if {
	package_signatures.persisted.verdict == "fail" with input.openwrt as {"check_signature": false}
}

test_unmeasured_persisted if {
	not package_signatures.persisted with input as {"families": {}}
	not package_signatures.persisted with input.openwrt as {}
}

test_not_applicable if {
	package_signatures.applies == false with input.families.openwrt.state as "not_applicable"
	package_signatures.applies == true with input.openwrt as {}
}
