package baseline.network.martians_test

import data.baseline.network.martians

test_success_wanted if {
	martians.persisted.verdict == "pass" with input.sysctl as {"configured": {"net.ipv4.conf.all.log_martians": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}}
	every good in [{"net.ipv4.conf.all.log_martians": "1", "net.ipv4.conf.eth0.log_martians": "0"}, {"net.ipv4.conf.all.log_martians": "0", "net.ipv4.conf.eth0.log_martians": "1"}] {
		martians.live.verdict == "pass" with input.sysctl.live as good
	}
}

test_fail_persisted if {
	every bad in [{"net.ipv4.conf.all.log_martians": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		martians.persisted.verdict == "fail" with input.sysctl as {"configured": bad}
	}
}

test_fail_live if {
	every bad in [{"net.ipv4.conf.all.log_martians": "0", "net.ipv4.conf.eth0.log_martians": "0"}] {
		martians.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not martians.persisted with input as {"families": {}}
	not martians.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not martians.live with input as {"families": {}}
	not martians.live with input.sysctl as {"live": {}}
}
