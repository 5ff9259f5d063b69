package baseline.kernel.ptrace_test

import data.baseline.kernel.ptrace

test_success_wanted if {
	ptrace.persisted.verdict == "pass" with input.sysctl.configured as {"kernel.yama.ptrace_scope": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}
	ptrace.live.verdict == "pass" with input.sysctl.live as {"kernel.yama.ptrace_scope": "1"}
}

test_success_built_in if {
	ptrace.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"kernel.yama.ptrace_scope": "1"}}
}

test_fail_otherwise if {
	every bad in [{"kernel.yama.ptrace_scope": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		ptrace.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"kernel.yama.ptrace_scope": "1"}}
	}
	every bad in [{"kernel.yama.ptrace_scope": "0"}] {
		ptrace.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not ptrace.persisted with input as {"families": {}}
	not ptrace.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not ptrace.live with input as {"families": {}}
	not ptrace.live with input.sysctl as {"live": {}}
}
