package baseline.firewall.inbound_ipv4_test

import data.baseline.firewall.inbound_ipv4

test_success_closed if {
	inbound_ipv4.live.verdict == "pass" with input.firewall.input as {"ipv4": "drop", "ipv6": "accept"}
	inbound_ipv4.live.verdict == "pass" with input.firewall.input as {"ipv4": "reject"}
	inbound_ipv4.persisted.verdict == "pass" with input.firewall as {"manager": "ufw", "manager_enabled": true, "configured": {"ipv4": "drop"}}
}

test_fail_open if {
	inbound_ipv4.live.reason == "open" with input.firewall.input as {"ipv4": "accept"}
	inbound_ipv4.persisted.reason == "open" with input.firewall as {"manager": "ufw", "manager_enabled": true, "configured": {"ipv4": "accept"}}
	inbound_ipv4.persisted.reason == "not_enabled" with input.firewall as {"manager": "nftables", "manager_enabled": false, "configured": {"ipv4": "drop"}}
	inbound_ipv4.persisted.reason == "no_manager" with input as {"families": {"firewall": {"state": "ok"}}, "firewall": {}}
}

test_unmeasured_persisted if {
	not inbound_ipv4.persisted with input as {"families": {}}
	not inbound_ipv4.persisted with input.firewall as {"manager": "ufw", "manager_enabled": true}
	not inbound_ipv4.persisted with input as {"families": {"firewall": {"state": "partial"}}, "firewall": {}}
}

test_unmeasured_live if {
	not inbound_ipv4.live with input as {"families": {}}
	not inbound_ipv4.live with input.firewall.input as {"ipv6": "drop"}
}
