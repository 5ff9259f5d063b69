package baseline.runtime.no_stray_setuid_test

import data.baseline.runtime.no_stray_setuid

ran(program, state) := {"runtime": {"hooks": [{"event": "exec", "state": state}], "programs": [program]}}

test_success_none if {
	no_stray_setuid.live.verdict == "pass" with input as ran({"path": "/usr/bin/sudo", "flags": ["setuid"]}, "proven")
	no_stray_setuid.live.verdict == "pass" with input as ran({"path": "/home/a/x", "flags": ["script"]}, "proven")
	no_stray_setuid.live.verdict == "pass" with input as ran({"path": "/bb/su", "flags": ["setuid"], "container": "c"}, "proven")
}

test_fail_seen if {
	no_stray_setuid.live.params.names == ["/home/a/.x"] with input as ran({"path": "/home/a/.x", "flags": ["setuid"]}, "proven")
}

test_unmeasured_live if {
	not no_stray_setuid.live with input as {"families": {}}
	not no_stray_setuid.live with input as ran({"path": "/usr/bin/sudo"}, "silent")
}

test_unmeasured_live_poorer_hook if {
	not no_stray_setuid.live with input as {"runtime": {
		"hooks": [{"event": "exec", "state": "proven", "kind": "tracepoint"}],
		"programs": [], "events": [],
	}}
}
