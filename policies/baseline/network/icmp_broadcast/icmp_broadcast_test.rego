package baseline.network.icmp_broadcast_test

import data.baseline.network.icmp_broadcast

test_success_wanted if {
	icmp_broadcast.persisted.verdict == "pass" with input.sysctl.configured as {"net.ipv4.icmp_echo_ignore_broadcasts": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.icmp_ignore_bogus_error_responses": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}
	icmp_broadcast.live.verdict == "pass" with input.sysctl.live as {"net.ipv4.icmp_echo_ignore_broadcasts": "1", "net.ipv4.icmp_ignore_bogus_error_responses": "1"}
}

test_success_built_in if {
	icmp_broadcast.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"net.ipv4.icmp_echo_ignore_broadcasts": "1", "net.ipv4.icmp_ignore_bogus_error_responses": "1"}}
}

test_fail_otherwise if {
	every bad in [{"net.ipv4.icmp_echo_ignore_broadcasts": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.icmp_ignore_bogus_error_responses": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}, {"net.ipv4.icmp_echo_ignore_broadcasts": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "net.ipv4.icmp_ignore_bogus_error_responses": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		icmp_broadcast.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"net.ipv4.icmp_echo_ignore_broadcasts": "1", "net.ipv4.icmp_ignore_bogus_error_responses": "1"}}
	}
	every bad in [{"net.ipv4.icmp_echo_ignore_broadcasts": "0", "net.ipv4.icmp_ignore_bogus_error_responses": "1"}, {"net.ipv4.icmp_echo_ignore_broadcasts": "1", "net.ipv4.icmp_ignore_bogus_error_responses": "0"}] {
		icmp_broadcast.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not icmp_broadcast.persisted with input as {"families": {}}
	not icmp_broadcast.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not icmp_broadcast.live with input as {"families": {}}
	not icmp_broadcast.live with input.sysctl as {"live": {}}
}
