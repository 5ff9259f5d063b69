package baseline.runtime.no_legacy_tls_test

import data.baseline.runtime.no_legacy_tls

heard(list, state) := {"runtime": {"hooks": [{"event": "protocol", "state": state}], "spoken": list}}

say(protocol, direction) := {
	"protocol": protocol, "direction": direction, "peer": "198.51.100.7", "peer_class": "public", "port": 1234, "program": "x",
	"last_seen": "2026-06-15T11:00:00Z",
}

test_success_none if {
	no_legacy_tls.live.verdict == "pass" with input as heard([say("tls1.0?", "in"), say("http", "in")], "proven")
}

test_success_long_ago if {
	old := object.union(say("tls1.0", "out"), {"last_seen": "2026-06-01T00:00:00Z"})
	no_legacy_tls.live.verdict == "pass" with input as heard([old], "proven")
}

test_fail_seen if {
	no_legacy_tls.live.params.names == ["tls1.0: x → 198.51.100.7:1234"] with input as heard([say("tls1.0", "out")], "proven")
	no_legacy_tls.live.verdict == "fail" with input as heard([object.remove(say("tls1.0", "out"), ["program", "peer"])], "silent")
}

test_unmeasured_live if {
	not no_legacy_tls.live with input as {"families": {}}
	not no_legacy_tls.live with input as heard([], "refused")
}
