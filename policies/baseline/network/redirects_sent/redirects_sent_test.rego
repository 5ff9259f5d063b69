package baseline.network.redirects_sent_test

import data.baseline.network.redirects_sent

test_success_wanted if {
	redirects_sent.persisted.verdict == "pass" with input.sysctl as {"configured": {"net.ipv4.conf.all.send_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.send_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}}
	every good in [{"net.ipv4.conf.all.send_redirects": "0", "net.ipv4.conf.eth0.send_redirects": "0"}] {
		redirects_sent.live.verdict == "pass" with input.sysctl.live as good
	}
}

test_fail_persisted if {
	every bad in [{"net.ipv4.conf.all.send_redirects": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.send_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}, {"net.ipv4.conf.all.send_redirects": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.send_redirects": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}] {
		redirects_sent.persisted.verdict == "fail" with input.sysctl as {"configured": bad}
	}
}

test_fail_live if {
	every bad in [{"net.ipv4.conf.all.send_redirects": "1", "net.ipv4.conf.eth0.send_redirects": "0"}, {"net.ipv4.conf.all.send_redirects": "0", "net.ipv4.conf.eth0.send_redirects": "1"}] {
		redirects_sent.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not redirects_sent.persisted with input as {"families": {}}
	not redirects_sent.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not redirects_sent.live with input as {"families": {}}
	not redirects_sent.live with input.sysctl as {"live": {}}
}
