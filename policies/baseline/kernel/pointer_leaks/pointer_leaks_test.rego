package baseline.kernel.pointer_leaks_test

import data.baseline.kernel.pointer_leaks

test_success_wanted if {
	pointer_leaks.persisted.verdict == "pass" with input.sysctl.configured as {"kernel.kptr_restrict": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}
	pointer_leaks.live.verdict == "pass" with input.sysctl.live as {"kernel.kptr_restrict": "1"}
}

test_success_built_in if {
	pointer_leaks.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"kernel.kptr_restrict": "1"}}
}

test_fail_otherwise if {
	every bad in [{"kernel.kptr_restrict": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		pointer_leaks.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"kernel.kptr_restrict": "1"}}
	}
	every bad in [{"kernel.kptr_restrict": "0"}] {
		pointer_leaks.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not pointer_leaks.persisted with input as {"families": {}}
	not pointer_leaks.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not pointer_leaks.live with input as {"families": {}}
	not pointer_leaks.live with input.sysctl as {"live": {}}
}
