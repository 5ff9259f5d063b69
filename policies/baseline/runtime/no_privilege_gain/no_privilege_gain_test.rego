package baseline.runtime.no_privilege_gain_test

import data.baseline.runtime.no_privilege_gain

seen(flags, state) := {"runtime": {
	"hooks": [{"event": "exec", "state": state}],
	"programs": [{"path": "/usr/bin/dash", "flags": flags}, {"path": "/bin/ls"}],
}}

test_success_none if {
	no_privilege_gain.live.verdict == "pass" with input as seen(["setuid"], "proven")
	no_privilege_gain.live.verdict == "pass" with input as seen(["privilege_gain"], "proven")
		with data.params.runtime.no_privilege_gain.approved as ["/usr/bin/dash"]
}

test_fail_seen if {
	no_privilege_gain.live.params.names == ["/usr/bin/dash"] with input as seen(["privilege_gain"], "proven")
}

test_fail_changed if {
	changed := {"kind": "setuid", "program": "/usr/sbin/nginx", "detail": "from user 33 to 0"}
	no_privilege_gain.live.params.names == ["/usr/sbin/nginx"] with input as seen([], "proven")
		with input.runtime.events as [changed]
	no_privilege_gain.live.verdict == "pass" with input as seen([], "proven")
		with input.runtime.events as [changed]
		with data.params.runtime.no_privilege_gain.approved as ["/usr/sbin/nginx"]
}

test_unmeasured_live if {
	not no_privilege_gain.live with input as {"families": {}}
	not no_privilege_gain.live with input as seen([], "silent")
}

test_unmeasured_live_poorer_hook if {
	not no_privilege_gain.live with input as {"runtime": {
		"hooks": [{"event": "exec", "state": "proven", "kind": "tracepoint"}],
		"programs": [], "events": [],
	}}
}
