package baseline.runtime.testimony_whole_test

import data.baseline.runtime.testimony_whole

hooks(list) := {"runtime": {"hooks": list}}

test_success_whole if {
	testimony_whole.live.verdict == "pass" with input as hooks([
		{"event": "exec", "state": "proven", "events": 1000, "lost": 10},
		{"event": "ptrace", "state": "refused", "events": 0, "lost": 0},
	])
}

test_fail_lossy if {
	testimony_whole.live.params.names == ["exec: 11/1000", "exit: silent"] with input as hooks([
		{"event": "exec", "state": "proven", "events": 1000, "lost": 11},
		{"event": "exit", "state": "silent", "events": 0, "lost": 0},
	])
}

test_unmeasured_live if {
	not testimony_whole.live with input as {"families": {}}
	not testimony_whole.live with input as hooks([{"event": "exec", "state": "refused", "events": 0, "lost": 0}])
}
