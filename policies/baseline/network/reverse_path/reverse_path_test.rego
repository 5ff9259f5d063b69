package baseline.network.reverse_path_test

import data.baseline.network.reverse_path

test_success_wanted if {
	reverse_path.persisted.verdict == "pass" with input.sysctl as {"configured": {"net.ipv4.conf.all.rp_filter": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.rp_filter": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}}
	every good in [{"net.ipv4.conf.all.rp_filter": "1", "net.ipv4.conf.eth0.rp_filter": "0"}, {"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.eth0.rp_filter": "2", "net.ipv4.conf.lo.rp_filter": "0"}] {
		reverse_path.live.verdict == "pass" with input.sysctl.live as good
	}
}

test_fail_persisted if {
	every bad in [{"net.ipv4.conf.all.rp_filter": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.rp_filter": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}, {"net.ipv4.conf.all.rp_filter": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.default.rp_filter": {"value": "2", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.conf.eth0.rp_filter": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		reverse_path.persisted.verdict == "fail" with input.sysctl as {"configured": bad}
	}
}

test_fail_live if {
	every bad in [{"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.eth0.rp_filter": "0"}] {
		reverse_path.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not reverse_path.persisted with input as {"families": {}}
	not reverse_path.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not reverse_path.live with input as {"families": {}}
	not reverse_path.live with input.sysctl as {"live": {}}
}
