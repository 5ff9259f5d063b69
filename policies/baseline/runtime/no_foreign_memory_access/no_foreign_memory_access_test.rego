package baseline.runtime.no_foreign_memory_access_test

import data.baseline.runtime.no_foreign_memory_access

seen(list, state) := {"runtime": {"hooks": [{"event": "ptrace", "state": state}], "events": list}}

reach(program) := {"kind": "ptrace", "program": program, "detail": "sshd (812)"}

test_success_none if {
	no_foreign_memory_access.live.verdict == "pass" with input as seen([reach("gdb"), {"kind": "mount", "program": "x"}], "proven")
}

test_fail_seen if {
	no_foreign_memory_access.live.params.names == ["mimi → sshd (812)"] with input as seen([reach("mimi")], "proven")
	no_foreign_memory_access.live.verdict == "fail" with input as seen([reach("mimi")], "silent")
}

test_unmeasured_live if {
	not no_foreign_memory_access.live with input as {"families": {}}
	not no_foreign_memory_access.live with input as seen([], "refused")
	not no_foreign_memory_access.live with input as polled([])
}

polled(list) := {"runtime": {"hooks": [{"event": "ptrace", "state": "proven", "kind": "poll"}], "events": list}}

test_fail_seen_now_and_then if {
	no_foreign_memory_access.live.verdict == "fail" with input as polled([reach("mimi")])
}
