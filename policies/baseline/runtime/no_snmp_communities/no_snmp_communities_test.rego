package baseline.runtime.no_snmp_communities_test

import data.baseline.runtime.no_snmp_communities

heard(list, state) := {"runtime": {"hooks": [{"event": "protocol", "state": state}], "spoken": list}}

say(protocol, direction) := {
	"protocol": protocol, "direction": direction, "peer": "198.51.100.7", "peer_class": "public", "port": 1234, "program": "x",
	"last_seen": "2026-06-15T11:00:00Z",
}

test_success_none if {
	no_snmp_communities.live.verdict == "pass" with input as heard([say("telnet", "out")], "proven")
}

test_success_long_ago if {
	old := object.union(say("snmp2c", "out"), {"last_seen": "2026-06-01T00:00:00Z"})
	no_snmp_communities.live.verdict == "pass" with input as heard([old], "proven")
}

test_fail_seen if {
	no_snmp_communities.live.params.names == ["snmp2c: x → 198.51.100.7:1234"] with input as heard([say("snmp2c", "out")], "proven")
	no_snmp_communities.live.verdict == "fail" with input as heard([object.remove(say("snmp2c", "out"), ["program", "peer"])], "silent")
}

test_unmeasured_live if {
	not no_snmp_communities.live with input as {"families": {}}
	not no_snmp_communities.live with input as heard([], "refused")
}
