package baseline.runtime.no_crashing_programs_test

import data.baseline.runtime.no_crashing_programs

seen(list, state) := {"runtime": {"hooks": [{"event": "exit", "state": state}], "crashes": list}}

crash(program, signal, n, at) := {"program": program, "signal": signal, "count": n, "last_seen": at}

test_success_none if {
	no_crashing_programs.live.verdict == "pass" with input as seen([], "proven")
	no_crashing_programs.live.verdict == "pass" with input as seen([crash("nginx", 11, 4, "2026-06-15T11:00:00Z")], "proven")
	no_crashing_programs.live.verdict == "pass" with input as seen([crash("sleep", 9, 400, "2026-06-15T11:00:00Z")], "proven")
}

test_success_mended if {
	no_crashing_programs.live.verdict == "pass" with input as seen([crash("nginx", 11, 40, "2026-06-01T11:00:00Z")], "proven")
}

test_fail_seen if {
	two := [crash("nginx", 11, 3, "2026-06-15T11:00:00Z"), crash("nginx", 6, 3, "2026-06-15T11:00:00Z")]
	no_crashing_programs.live.params.names == ["nginx (6)"] with input as seen(two, "proven")
}

test_unmeasured_live if {
	not no_crashing_programs.live with input as {"families": {}}
	not no_crashing_programs.live with input as seen([], "refused")
}
