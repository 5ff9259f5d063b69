package baseline.runtime.no_plaintext_mail_test

import data.baseline.runtime.no_plaintext_mail

heard(list, state) := {"runtime": {"hooks": [{"event": "protocol", "state": state}], "spoken": list}}

say(protocol, direction) := {
	"protocol": protocol, "direction": direction, "peer": "198.51.100.7", "peer_class": "public", "port": 1234, "program": "x",
	"last_seen": "2026-06-15T11:00:00Z",
}

test_success_none if {
	no_plaintext_mail.live.verdict == "pass" with input as heard([say("http", "out")], "proven")
}

test_success_long_ago if {
	old := object.union(say("smtp", "out"), {"last_seen": "2026-06-01T00:00:00Z"})
	no_plaintext_mail.live.verdict == "pass" with input as heard([old], "proven")
}

test_success_allowed if {
	no_plaintext_mail.live.verdict == "pass" with input as heard([say("smtp", "in")], "proven")
		with data.params.runtime.no_plaintext_mail.allowed as ["in"]
}

test_fail_seen if {
	no_plaintext_mail.live.params.names == ["smtp: x → 198.51.100.7:1234"] with input as heard([say("smtp", "out")], "proven")
	no_plaintext_mail.live.verdict == "fail" with input as heard([object.remove(say("smtp", "out"), ["program", "peer"])], "silent")
}

test_unmeasured_live if {
	not no_plaintext_mail.live with input as {"families": {}}
	not no_plaintext_mail.live with input as heard([], "refused")
}
