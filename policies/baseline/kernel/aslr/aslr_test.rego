package baseline.kernel.aslr_test

import data.baseline.kernel.aslr

test_success_wanted if {
	aslr.persisted.verdict == "pass" with input.sysctl.configured as {"kernel.randomize_va_space": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}
	aslr.live.verdict == "pass" with input.sysctl.live as {"kernel.randomize_va_space": "2"}
}

test_success_built_in if {
	aslr.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"kernel.randomize_va_space": "2"}}
}

test_fail_otherwise if {
	every bad in [{"kernel.randomize_va_space": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}, {"kernel.randomize_va_space": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}] {
		aslr.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"kernel.randomize_va_space": "2"}}
	}
	every bad in [{"kernel.randomize_va_space": "0"}, {"kernel.randomize_va_space": "1"}] {
		aslr.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not aslr.persisted with input as {"families": {}}
	not aslr.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not aslr.live with input as {"families": {}}
	not aslr.live with input.sysctl as {"live": {}}
}
