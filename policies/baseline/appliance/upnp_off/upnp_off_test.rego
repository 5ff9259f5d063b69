package baseline.appliance.upnp_off_test

import data.baseline.appliance.upnp_off

upnpd(value) := {"openwrt": {"uci": {"upnpd": {"config": {"enabled": [value]}}}}}

test_success_off if {
	upnp_off.persisted.verdict == "pass" with input as upnpd("0")
	upnp_off.persisted.verdict == "pass" with input.openwrt as {"uci": {"system": {}}}
}

test_fail_on if {
	upnp_off.persisted.verdict == "fail" with input as upnpd("1")
}

test_unmeasured_persisted if {
	not upnp_off.persisted with input as {"families": {}}
	not upnp_off.persisted with input.openwrt as {"uci": {"upnpd": {"config": {}}}}
}

test_not_applicable if {
	upnp_off.applies == false with input.families.openwrt.state as "not_applicable"
	upnp_off.applies == true with input.openwrt as {}
}
