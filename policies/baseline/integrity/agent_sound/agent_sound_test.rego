package baseline.integrity.agent_sound_test

import data.baseline.integrity.agent_sound

agent(more) := object.union({"binary_state": {"path": "/usr/bin/vymir-agent", "kind": "file", "mode": "0755", "uid": 0, "gid": 0}}, more)

test_success_sound if {
	agent_sound.live.verdict == "pass" with input.agent as agent({})
	agent_sound.live.verdict == "pass" with input.agent as agent({"last_check_in": "2026-06-15T11:00:00Z"})
}

test_fail_writable if {
	agent_sound.live.reason == "writable" with input.agent as agent({"binary_state": {"mode": "0775"}})
	agent_sound.live.reason == "writable" with input.agent as agent({"binary_state": {"uid": 1000}})
	agent_sound.live.params.date == "2026-06-01" with input.agent as agent({"last_check_in": "2026-06-01T00:00:00Z"})
}

test_unmeasured_live if {
	not agent_sound.live with input as {"families": {}}
	not agent_sound.live with input.agent as {"version": "1"}
}
