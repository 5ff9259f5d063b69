package baseline.encryption.data_volumes_test

import data.baseline.encryption.data_volumes

volumes(list) := {"hardware": {"virtualization": "none"}, "encryption": {"volumes": list}}

test_success_encrypted if {
	data_volumes.live.verdict == "pass" with input as volumes([{"device": "dm-0", "target": "/", "encrypted": true}, {"device": "sda1", "target": "/boot", "encrypted": false}])
}

test_fail_plain if {
	data_volumes.live.params.targets == ["/"] with input as volumes([{"device": "sda2", "target": "/", "encrypted": false}])
}

test_unmeasured_live if {
	not data_volumes.live with input as {"families": {}}
	not data_volumes.live with input as volumes([{"device": "sda2", "target": "/"}])
}

test_not_applicable if {
	data_volumes.applies == false with input.hardware as {"virtualization": "kvm"}
}
