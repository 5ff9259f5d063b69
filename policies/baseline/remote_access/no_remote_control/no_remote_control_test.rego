package baseline.remote_access.no_remote_control_test

import data.baseline.remote_access.no_remote_control

running(list) := {"processes": {"remote_control": list}}

test_success_none if {
	no_remote_control.live.verdict == "pass" with input as running([])
	no_remote_control.live.verdict == "pass" with input as running([{"pid": 7, "name": "rustdesk"}])
		with data.params.remote_access.no_remote_control.approved as ["RustDesk"]
}

test_fail_runs if {
	no_remote_control.live.params.names == ["anydesk"] with input as running([{"pid": 7, "name": "anydesk"}])
}

test_unmeasured_live if {
	not no_remote_control.live with input as {"families": {}}
	not no_remote_control.live with input.processes as {"count": 3}
}
