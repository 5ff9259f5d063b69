package baseline.runtime.no_execution_from_temp_test

import data.baseline.runtime.no_execution_from_temp

seen(flags, state) := {"runtime": {
	"hooks": [{"event": "exec", "state": state}],
	"programs": [{"path": "/tmp/x", "flags": flags}, {"path": "/bin/ls"}],
}}

test_success_none if {
	no_execution_from_temp.live.verdict == "pass" with input as seen([], "proven")
}

test_fail_seen if {
	no_execution_from_temp.live.params.names == ["/tmp/x"] with input as seen(["temporary_dir"], "proven")
	no_execution_from_temp.live.verdict == "fail" with input as seen(["temporary_dir"], "silent")
}

test_unmeasured_live if {
	not no_execution_from_temp.live with input as {"families": {}}
	not no_execution_from_temp.live with input as seen([], "silent")
	not no_execution_from_temp.live with input as object.union(seen([], "proven"), {"runtime": {"truncated": true}})
}
