package baseline.kernel.dmesg_test

import data.baseline.kernel.dmesg

test_success_wanted if {
	dmesg.persisted.verdict == "pass" with input.sysctl.configured as {"kernel.dmesg_restrict": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}
	dmesg.live.verdict == "pass" with input.sysctl.live as {"kernel.dmesg_restrict": "1"}
}

test_success_built_in if {
	dmesg.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"kernel.dmesg_restrict": "1"}}
}

test_fail_otherwise if {
	every bad in [{"kernel.dmesg_restrict": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		dmesg.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"kernel.dmesg_restrict": "1"}}
	}
	every bad in [{"kernel.dmesg_restrict": "0"}] {
		dmesg.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not dmesg.persisted with input as {"families": {}}
	not dmesg.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not dmesg.live with input as {"families": {}}
	not dmesg.live with input.sysctl as {"live": {}}
}
