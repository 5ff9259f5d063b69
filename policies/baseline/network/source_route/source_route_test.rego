package baseline.network.source_route_test

import data.baseline.network.source_route

test_success_wanted if {
	source_route.persisted.verdict == "pass" with input.sysctl as {"configured": {"net.ipv4.conf.all.accept_source_route": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.all.accept_source_route": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}}
	every good in [{"net.ipv4.conf.all.accept_source_route": "0", "net.ipv6.conf.all.accept_source_route": "0"}, {"net.ipv4.conf.all.accept_source_route": "0", "net.ipv4.conf.eth0.accept_source_route": "1"}] {
		source_route.live.verdict == "pass" with input.sysctl.live as good
	}
}

test_fail_persisted if {
	every bad in [{"net.ipv4.conf.all.accept_source_route": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.all.accept_source_route": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}, {"net.ipv4.conf.all.accept_source_route": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.all.accept_source_route": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}] {
		source_route.persisted.verdict == "fail" with input.sysctl as {"configured": bad}
	}
}

test_fail_live if {
	every bad in [{"net.ipv4.conf.all.accept_source_route": "1"}, {"net.ipv4.conf.all.accept_source_route": "0", "net.ipv6.conf.all.accept_source_route": "1"}] {
		source_route.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not source_route.persisted with input as {"families": {}}
	not source_route.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not source_route.live with input as {"families": {}}
	not source_route.live with input.sysctl as {"live": {}}
}
