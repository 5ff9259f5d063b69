package baseline.runtime.no_remote_control_used_test

import data.baseline.runtime.no_remote_control_used

ran(path, state) := {"runtime": {"hooks": [{"event": "exec", "state": state}], "programs": [{"path": path}]}}

test_success_none if {
	no_remote_control_used.live.verdict == "pass" with input as ran("/usr/bin/ssh", "proven")
	no_remote_control_used.live.verdict == "pass" with input as ran("/usr/bin/rustdesk", "proven")
		with data.params.runtime.no_remote_control_used.approved as ["RustDesk"]
}

test_fail_seen if {
	no_remote_control_used.live.params.names == ["AnyDesk"] with input as ran("/home/a/AnyDesk", "proven")
}

test_unmeasured_live if {
	not no_remote_control_used.live with input as {"families": {}}
	not no_remote_control_used.live with input as ran("/usr/bin/ssh", "silent")
}
