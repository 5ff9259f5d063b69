package baseline.kernel.unprivileged_bpf_test

import data.baseline.kernel.unprivileged_bpf

test_success_wanted if {
	unprivileged_bpf.persisted.verdict == "pass" with input.sysctl.configured as {"kernel.unprivileged_bpf_disabled": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}
	unprivileged_bpf.live.verdict == "pass" with input.sysctl.live as {"kernel.unprivileged_bpf_disabled": "1"}
}

test_success_built_in if {
	unprivileged_bpf.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"kernel.unprivileged_bpf_disabled": "1"}}
}

test_fail_otherwise if {
	every bad in [{"kernel.unprivileged_bpf_disabled": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		unprivileged_bpf.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"kernel.unprivileged_bpf_disabled": "1"}}
	}
	every bad in [{"kernel.unprivileged_bpf_disabled": "0"}] {
		unprivileged_bpf.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not unprivileged_bpf.persisted with input as {"families": {}}
	not unprivileged_bpf.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not unprivileged_bpf.live with input as {"families": {}}
	not unprivileged_bpf.live with input.sysctl as {"live": {}}
}
