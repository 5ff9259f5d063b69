package baseline.continuity.second_uplink_test

import data.baseline.continuity.second_uplink

test_success_two if {
	second_uplink.live.verdict == "pass" with input.network as {"default_routes": [{"family": "ipv4", "interface": "eth0"}, {"family": "ipv4", "interface": "wwan0"}]}
}

test_fail_one if {
	second_uplink.live.verdict == "fail" with input.network as {"default_routes": [{"family": "ipv4", "interface": "eth0"}, {"family": "ipv6", "interface": "eth0"}]}
}

test_unmeasured_live if {
	not second_uplink.live with input as {"families": {}}
	not second_uplink.live with input.network as {"default_routes": []}
}
