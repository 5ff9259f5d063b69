package baseline.runtime.execution_recorded_test

import data.baseline.runtime.execution_recorded

hooks(state) := {"hooks": [{"event": "exec", "kind": "tp_btf", "state": state}]}

test_success_recorded if {
	execution_recorded.live.reason == "probe" with input.runtime as hooks("proven")
	execution_recorded.live.verdict == "pass" with input as {"runtime": hooks("silent"), "audit": {"enabled": 1, "rules_loaded": 3}}
}

test_fail_nobody if {
	execution_recorded.live.verdict == "fail" with input as {"runtime": hooks("refused"), "audit": {"enabled": 0}}
	execution_recorded.live.verdict == "fail" with input as {"runtime": hooks("refused"), "audit": {"enabled": 1, "rules_loaded": 0}}
}

test_unmeasured_live if {
	not execution_recorded.live with input as {"families": {}}
	not execution_recorded.live with input.runtime as hooks("refused")
}
