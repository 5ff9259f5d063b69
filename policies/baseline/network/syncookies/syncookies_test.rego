package baseline.network.syncookies_test

import data.baseline.network.syncookies

test_success_wanted if {
	syncookies.persisted.verdict == "pass" with input.sysctl.configured as {"net.ipv4.tcp_syncookies": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}
	syncookies.live.verdict == "pass" with input.sysctl.live as {"net.ipv4.tcp_syncookies": "1"}
}

test_success_built_in if {
	syncookies.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"net.ipv4.tcp_syncookies": "1"}}
}

test_fail_otherwise if {
	every bad in [{"net.ipv4.tcp_syncookies": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		syncookies.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"net.ipv4.tcp_syncookies": "1"}}
	}
	every bad in [{"net.ipv4.tcp_syncookies": "0"}] {
		syncookies.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not syncookies.persisted with input as {"families": {}}
	not syncookies.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not syncookies.live with input as {"families": {}}
	not syncookies.live with input.sysctl as {"live": {}}
}
