package baseline.network.forwarding_test

import data.baseline.network.forwarding

values(v) := {"net.ipv4.ip_forward": v, "net.ipv6.conf.all.forwarding": "0"}

entries(v) := {key: {"value": x, "file": "/etc/sysctl.conf"} | some key, x in values(v)}

test_success_off if {
	forwarding.persisted.verdict == "pass" with input.sysctl.configured as entries("0")
	forwarding.live.verdict == "pass" with input.sysctl.live as values("0")
	forwarding.live.verdict == "pass" with input.sysctl.live as {"net.ipv4.ip_forward": "0"}
}

test_fail_on if {
	forwarding.persisted.verdict == "fail" with input.sysctl.configured as entries("1")
	forwarding.live.verdict == "fail" with input.sysctl.live as values("1")
}

test_unmeasured_persisted if {
	not forwarding.persisted with input as {"families": {}}
	not forwarding.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not forwarding.live with input as {"families": {}}
}

test_not_applicable if {
	forwarding.applies == false with input as {"host": {"role": "appliance"}, "sysctl": {}}
	forwarding.applies == false with input as {"host": {"role": "server"}, "sysctl": {}, "containers": {"engines": [{"name": "docker"}]}}
	forwarding.applies == false with input as {"host": {"role": "server"}, "network": {"interfaces": [{"name": "virbr0"}]}}
	forwarding.applies == false with input as {"host": {"role": "server"}, "network": {"wireguard": ["wg0"]}}
	forwarding.applies == true with input as {"host": {"role": "server"}, "sysctl": {}}
}
