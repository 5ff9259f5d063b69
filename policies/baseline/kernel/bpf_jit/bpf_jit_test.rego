package baseline.kernel.bpf_jit_test

import data.baseline.kernel.bpf_jit

test_success_wanted if {
	bpf_jit.persisted.verdict == "pass" with input.sysctl.configured as {"net.core.bpf_jit_harden": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}
	bpf_jit.live.verdict == "pass" with input.sysctl.live as {"net.core.bpf_jit_harden": "2"}
}

test_success_built_in if {
	bpf_jit.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"net.core.bpf_jit_harden": "2"}}
}

test_fail_otherwise if {
	every bad in [{"net.core.bpf_jit_harden": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		bpf_jit.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"net.core.bpf_jit_harden": "2"}}
	}
	every bad in [{"net.core.bpf_jit_harden": "0"}] {
		bpf_jit.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not bpf_jit.persisted with input as {"families": {}}
	not bpf_jit.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not bpf_jit.live with input as {"families": {}}
	not bpf_jit.live with input.sysctl as {"live": {}}
}
