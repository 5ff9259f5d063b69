package baseline.appliance.admin_not_on_wan_test

import data.baseline.appliance.admin_not_on_wan

policy(open) := {"ipv4": "reject", "ipv6": "reject", "open": open}

test_success_closed if {
	admin_not_on_wan.persisted.verdict == "pass" with input.firewall as {"configured": policy([])}
	admin_not_on_wan.live.verdict == "pass" with input.firewall as {"input": policy([{"protocol": "tcp", "from": 22, "to": 22, "limited": true}, {"protocol": "udp", "from": 1, "to": 9999}])}
}

test_fail_open if {
	admin_not_on_wan.persisted.params.ports == [22, 23] with input.firewall as {"configured": policy([{"protocol": "tcp", "from": 20, "to": 25}])}
	admin_not_on_wan.live.verdict == "fail" with input.firewall as {"input": {"ipv4": "accept"}}
}

test_unmeasured_persisted if {
	not admin_not_on_wan.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not admin_not_on_wan.live with input as {"families": {}}
	not admin_not_on_wan.live with input.firewall as {"input": {"ipv4": "drop"}}
}

test_not_applicable if {
	admin_not_on_wan.applies == false with input.families.openwrt.state as "not_applicable"
	admin_not_on_wan.applies == true with input.openwrt as {}
}
