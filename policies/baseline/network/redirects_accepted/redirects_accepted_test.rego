package baseline.network.redirects_accepted_test

import data.baseline.network.redirects_accepted

test_success_wanted if {
	redirects_accepted.persisted.verdict == "pass" with input.sysctl as {"configured": {"net.ipv4.conf.all.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.all.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.default.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}}
	every good in [{"net.ipv4.conf.all.accept_redirects": "0", "net.ipv4.conf.eth0.accept_redirects": "0", "net.ipv6.conf.eth0.accept_redirects": "0"}, {"net.ipv4.conf.all.accept_redirects": "0", "net.ipv4.conf.eth0.accept_redirects": "1", "net.ipv4.conf.eth0.forwarding": "1"}, {"net.ipv4.conf.all.accept_redirects": "0", "net.ipv6.conf.eth0.accept_redirects": "1", "net.ipv6.conf.eth0.forwarding": "1"}, {"net.ipv4.conf.all.accept_redirects": "0", "net.ipv6.conf.eth0.accept_redirects": "1", "net.ipv6.conf.eth0.disable_ipv6": "1"}] {
		redirects_accepted.live.verdict == "pass" with input.sysctl.live as good
	}
}

test_fail_persisted if {
	every bad in [{"net.ipv4.conf.all.accept_redirects": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.all.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.default.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}, {"net.ipv4.conf.all.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.accept_redirects": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.all.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.default.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}, {"net.ipv4.conf.all.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.all.accept_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv6.conf.default.accept_redirects": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}] {
		redirects_accepted.persisted.verdict == "fail" with input.sysctl as {"configured": bad}
	}
}

test_fail_live if {
	every bad in [{"net.ipv4.conf.all.accept_redirects": "1", "net.ipv4.conf.eth0.accept_redirects": "0"}, {"net.ipv4.conf.all.accept_redirects": "0", "net.ipv4.conf.eth0.accept_redirects": "1"}, {"net.ipv4.conf.all.accept_redirects": "1", "net.ipv4.conf.eth0.accept_redirects": "1", "net.ipv4.conf.eth0.forwarding": "1"}, {"net.ipv4.conf.all.accept_redirects": "0", "net.ipv6.conf.eth0.accept_redirects": "1"}] {
		redirects_accepted.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not redirects_accepted.persisted with input as {"families": {}}
	not redirects_accepted.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not redirects_accepted.live with input as {"families": {}}
	not redirects_accepted.live with input.sysctl as {"live": {}}
}
