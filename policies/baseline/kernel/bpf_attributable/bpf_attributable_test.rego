package baseline.kernel.bpf_attributable_test

import data.baseline.kernel.bpf_attributable

loaded(list) := {"bpf_holders_known": true, "bpf_programs": list}

probe(more) := object.union({"id": 7, "type": "Kprobe", "name": "hide_pid"}, more)

test_success_owned if {
	bpf_attributable.live.params.count == 1 with input.kernel as loaded([
		probe({"holder": "/usr/bin/falco"}),
		{"id": 1, "type": "CGroupSKB"},
		{"id": 2, "type": "LSM", "ours": true},
	])
	bpf_attributable.live.verdict == "pass" with input.kernel as loaded([probe({"pinned": true}), probe({"cgroup": "/system.slice"})])
	bpf_attributable.live.verdict == "pass" with input.kernel as loaded([probe({})])
		with data.params.kernel.bpf_attributable.approved as ["hide_pid"]
}

test_fail_orphan if {
	bpf_attributable.live.params.names == ["7 hide_pid (Kprobe)"] with input.kernel as loaded([probe({})])
}

test_fail_temporary if {
	bpf_attributable.live.reason == "temporary" with input.kernel as {"bpf_programs": [probe({"holder": "/dev/shm/x"})]}
}

test_unmeasured_live if {
	not bpf_attributable.live with input as {"families": {}}
	not bpf_attributable.live with input.kernel as {"bpf_programs": [probe({})]}
}
