package baseline.kernel.perf_events_test

import data.baseline.kernel.perf_events

test_success_wanted if {
	perf_events.persisted.verdict == "pass" with input.sysctl.configured as {"kernel.perf_event_paranoid": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}
	perf_events.live.verdict == "pass" with input.sysctl.live as {"kernel.perf_event_paranoid": "2"}
}

test_success_built_in if {
	perf_events.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"kernel.perf_event_paranoid": "2"}}
}

test_fail_otherwise if {
	every bad in [{"kernel.perf_event_paranoid": {"value": "1", "file": "/etc/sysctl.d/a.conf"}}, {"kernel.perf_event_paranoid": {"value": "-1", "file": "/etc/sysctl.d/a.conf"}}] {
		perf_events.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"kernel.perf_event_paranoid": "2"}}
	}
	every bad in [{"kernel.perf_event_paranoid": "1"}, {"kernel.perf_event_paranoid": "-1"}] {
		perf_events.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not perf_events.persisted with input as {"families": {}}
	not perf_events.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not perf_events.live with input as {"families": {}}
	not perf_events.live with input.sysctl as {"live": {}}
}
