package baseline.appliance.wifi_encrypted_test

import data.baseline.appliance.wifi_encrypted

ap(encryption) := {"network": {"wifi": [{"mode": "ap", "encryption": encryption}, {"mode": "ap", "encryption": "none", "disabled": true}]}}

test_success_strong if {
	wifi_encrypted.persisted.verdict == "pass" with input as ap("wpa2")
}

test_fail_weak if {
	wifi_encrypted.persisted.params.seen == ["wep"] with input as ap("wep")
}

test_unmeasured_persisted if {
	not wifi_encrypted.persisted with input as {"families": {}}
	not wifi_encrypted.persisted with input as ap("mixed")
}

test_not_applicable if {
	wifi_encrypted.applies == false with input.families.openwrt.state as "not_applicable"
	wifi_encrypted.applies == false with input.network as {"wifi": []}
	wifi_encrypted.applies == true with input as ap("wpa3")
}
