package baseline.runtime.no_fileless_execution_test

import data.baseline.runtime.no_fileless_execution

seen(flags, state) := {"runtime": {
	"hooks": [{"event": "exec", "state": state}],
	"programs": [{"path": "/tmp/x", "flags": flags}, {"path": "/bin/ls"}],
}}

test_success_none if {
	no_fileless_execution.live.verdict == "pass" with input as seen([], "proven")
}

test_success_copy_of_itself if {
	copy := {"runtime": {"programs": [{"path": "memfd:runc_cloned:/proc/self/exe", "flags": ["deleted", "memfd", "memfd_sealed"]}]}}
	no_fileless_execution.live.verdict == "pass" with input as object.union(seen([], "proven"), copy)
}

test_fail_copy_that_may_change if {
	copy := {"runtime": {"programs": [{"path": "memfd:runc_cloned:/proc/self/exe", "flags": ["deleted", "memfd"]}]}}
	no_fileless_execution.live.verdict == "fail" with input as object.union(seen([], "proven"), copy)
	other := {"runtime": {"programs": [{"path": "memfd:x", "flags": ["deleted", "memfd", "memfd_sealed"]}]}}
	no_fileless_execution.live.verdict == "fail" with input as object.union(seen([], "proven"), other)
}

test_fail_seen if {
	no_fileless_execution.live.params.names == ["/tmp/x"] with input as seen(["memfd"], "proven")
	no_fileless_execution.live.verdict == "fail" with input as seen(["memfd"], "silent")
}

test_unmeasured_live if {
	not no_fileless_execution.live with input as {"families": {}}
	not no_fileless_execution.live with input as seen([], "silent")
	not no_fileless_execution.live with input as object.union(seen([], "proven"), {"runtime": {"truncated": true}})
}

test_unmeasured_live_poorer_hook if {
	not no_fileless_execution.live with input as {"runtime": {
		"hooks": [{"event": "exec", "state": "proven", "kind": "tracepoint"}],
		"programs": [], "events": [],
	}}
}
