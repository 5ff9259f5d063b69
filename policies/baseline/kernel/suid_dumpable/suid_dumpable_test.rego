package baseline.kernel.suid_dumpable_test

import data.baseline.kernel.suid_dumpable

test_success_wanted if {
	suid_dumpable.persisted.verdict == "pass" with input.sysctl.configured as {"fs.suid_dumpable": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}
	suid_dumpable.live.verdict == "pass" with input.sysctl.live as {"fs.suid_dumpable": "0"}
}

test_success_built_in if {
	suid_dumpable.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"fs.suid_dumpable": "0"}}
}

test_fail_otherwise if {
	every bad in [{"fs.suid_dumpable": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}] {
		suid_dumpable.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"fs.suid_dumpable": "0"}}
	}
	every bad in [{"fs.suid_dumpable": "1"}] {
		suid_dumpable.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not suid_dumpable.persisted with input as {"families": {}}
	not suid_dumpable.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not suid_dumpable.live with input as {"families": {}}
	not suid_dumpable.live with input.sysctl as {"live": {}}
}
