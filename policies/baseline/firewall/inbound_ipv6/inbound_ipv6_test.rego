package baseline.firewall.inbound_ipv6_test

import data.baseline.firewall.inbound_ipv6

test_success_closed if {
	inbound_ipv6.live.verdict == "pass" with input.firewall.input as {"ipv4": "accept", "ipv6": "drop"}
	inbound_ipv6.persisted.verdict == "pass" with input.firewall as {"manager": "ufw", "manager_enabled": true, "configured": {"ipv6": "drop"}}
	inbound_ipv6.applies == true with input as {"live": true, "sysctl": {"live": {"net.ipv6.conf.all.disable_ipv6": "0"}}}
}

test_fail_open if {
	inbound_ipv6.live.verdict == "fail" with input.firewall.input as {"ipv4": "drop", "ipv6": "accept"}
	inbound_ipv6.persisted.verdict == "fail" with input.firewall as {"manager": "ufw", "manager_enabled": true, "configured": {"ipv6": "accept"}}
}

test_unmeasured_persisted if {
	not inbound_ipv6.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not inbound_ipv6.live with input as {"families": {}}
}

test_not_applicable if {
	inbound_ipv6.applies == false with input as {"live": true, "sysctl": {"live": {"net.ipv6.conf.all.disable_ipv6": "1"}}}
	inbound_ipv6.applies == false with input.sysctl.configured as {"net.ipv6.conf.all.disable_ipv6": {"value": "1"}}
}
