package baseline.runtime.no_plaintext_outbound_test

import data.baseline.runtime.no_plaintext_outbound

seen(list, state) := {"runtime": {"hooks": [{"event": "tcp_connect", "state": state}], "connections": list}}

out(program, port) := {"program": program, "direction": "out", "peer_class": "public", "port": port}

test_success_none if {
	no_plaintext_outbound.live.verdict == "pass" with input as seen([out("curl", 443), out("rsyslogd", 514)], "proven")
}

test_fail_seen if {
	no_plaintext_outbound.live.params.names == ["telnet (telnet)"] with input as seen([out("telnet", 23)], "proven")
}

test_fail_by_words_at_any_port if {
	word := {"protocol": "ftp", "direction": "out", "program": "curl", "port": 2121, "last_seen": "2026-06-15T11:00:00Z"}
	both := object.union(seen([], "proven"), {"runtime": {"spoken": [word, object.union(word, {"direction": "in", "program": "x"})]}})
	no_plaintext_outbound.live.params.names == ["curl (ftp)"] with input as both
}

test_unmeasured_live if {
	not no_plaintext_outbound.live with input as {"families": {}}
	not no_plaintext_outbound.live with input as seen([], "refused")
}
