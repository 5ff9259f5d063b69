package baseline.appliance.wps_off_test

import data.baseline.appliance.wps_off

ap(doc) := {"network": {"wifi": [object.union({"mode": "ap", "encryption": "wpa2"}, doc)]}}

test_success_off if {
	wps_off.persisted.verdict == "pass" with input as ap({"wps": false})
}

test_fail_on if {
	wps_off.persisted.verdict == "fail" with input as ap({"wps": true})
}

test_unmeasured_persisted if {
	not wps_off.persisted with input as {"families": {}}
	not wps_off.persisted with input as ap({})
}

test_not_applicable if {
	wps_off.applies == false with input.families.openwrt.state as "not_applicable"
	wps_off.applies == true with input as ap({})
}
