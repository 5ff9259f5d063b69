package baseline.time.right_test

import data.baseline.time.right

test_success_right if {
	right.live.verdict == "pass" with input.time as {"server_skew_seconds": -12}
	right.live.verdict == "pass" with input.time as {"server_skew_seconds": 300}
}

test_fail_years if {
	right.live.reason == "ahead" with input.time as {"server_skew_seconds": 157680000}
	right.live.reason == "behind" with input.time as {"server_skew_seconds": -157680000}
	right.live.params.minutes == 5 with input.time as {"server_skew_seconds": -301}
}

test_unmeasured_live if {
	not right.live with input as {"families": {"agent": {"state": "ok"}}, "agent": {"last_check_in": "2026-01-01T00:00:00Z"}}
	right.applies with input as {"families": {"agent": {"state": "ok"}}, "agent": {"last_check_in": "2026-01-01T00:00:00Z"}}
	right.applies with input as {"families": {}}
}

test_not_applicable_never_checked_in if {
	not right.applies with input as {"families": {"agent": {"state": "ok"}}, "agent": {}}
}
