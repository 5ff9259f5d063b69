package baseline.runtime.no_plaintext_inbound_test

import data.baseline.runtime.no_plaintext_inbound

heard(list, state) := {"runtime": {"hooks": [{"event": "protocol", "state": state}], "spoken": list}}

say(protocol, direction) := {
	"protocol": protocol, "direction": direction, "peer": "198.51.100.7", "peer_class": "public", "port": 1234, "program": "x",
	"last_seen": "2026-06-15T11:00:00Z",
}

test_success_none if {
	no_plaintext_inbound.live.verdict == "pass" with input as heard([say("telnet", "out"), say("http", "in")], "proven")
}

test_success_long_ago if {
	old := object.union(say("telnet", "in"), {"last_seen": "2026-06-01T00:00:00Z"})
	no_plaintext_inbound.live.verdict == "pass" with input as heard([old], "proven")
}

test_fail_seen if {
	no_plaintext_inbound.live.params.names == ["telnet: 198.51.100.7 → 1234 (x)"] with input as heard([say("telnet", "in")], "proven")
	no_plaintext_inbound.live.verdict == "fail" with input as heard([object.remove(say("telnet", "in"), ["program", "peer"])], "silent")
}

test_unmeasured_live if {
	not no_plaintext_inbound.live with input as {"families": {}}
	not no_plaintext_inbound.live with input as heard([], "refused")
}
