package baseline.runtime.no_unknown_bpf_test

import data.baseline.runtime.no_unknown_bpf

seen(details, state) := {"runtime": {
	"hooks": [{"event": "bpf_load", "state": state}],
	"events": [{"kind": "bpf_load", "detail": d} | some d in details],
}}

test_success_none if {
	no_unknown_bpf.live.verdict == "pass" with input as seen(["LSM restrict_filesy", "SocketFilter x"], "proven")
	no_unknown_bpf.live.verdict == "pass" with input as seen(["Kprobe falco_probe"], "proven")
		with data.params.runtime.no_unknown_bpf.approved as ["falco_*"]
}

test_fail_seen if {
	no_unknown_bpf.live.params.names == ["Kprobe hide_pid"] with input as seen(["Kprobe hide_pid"], "proven")
	no_unknown_bpf.live.params.names == ["XDP"] with input as seen(["XDP"], "proven")
}

test_success_loader if {
	loaded := [{"kind": "bpf_load", "detail": "Tracing hide", "program": "/usr/lib/systemd/systemd-userdbd", "parent": "systemd"}]
	no_unknown_bpf.live.verdict == "pass" with input as seen([], "proven") with input.runtime.events as loaded
	no_unknown_bpf.live.params.names == ["Tracing hide (systemd-userdbd ← systemd)"] with input as seen([], "proven")
		with input.runtime.events as loaded
		with data.params.runtime.no_unknown_bpf.loaders as []
}

test_unmeasured_live if {
	not no_unknown_bpf.live with input as {"families": {}}
	not no_unknown_bpf.live with input as seen([], "refused")
}
