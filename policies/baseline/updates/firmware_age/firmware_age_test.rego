package baseline.updates.firmware_age_test

import data.baseline.updates.firmware_age

machine(date) := {"virtualization": "none", "bios_date": date, "product": "PowerEdge R730"}

test_success_fresh if {
	firmware_age.live.verdict == "pass" with input.hardware as machine("2024-02-29")
}

test_fail_old if {
	firmware_age.live.params.product == "PowerEdge R730" with input.hardware as machine("2016-03-01")
}

test_unmeasured_live if {
	not firmware_age.live with input as {"families": {}}
	not firmware_age.live with input.hardware as {"virtualization": "none"}
}

test_not_applicable if {
	firmware_age.applies == false with input.hardware as {"virtualization": "kvm"}
	firmware_age.applies == true with input.hardware as machine("2024-02-29")
}
