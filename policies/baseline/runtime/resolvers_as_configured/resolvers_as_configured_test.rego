package baseline.runtime.resolvers_as_configured_test

import data.baseline.runtime.resolvers_as_configured

seen(list, state) := {
	"network": {"resolvers": ["192.0.2.53", "fe80::1%eth0"], "interfaces": [{"addresses": ["192.0.2.9/24"]}]},
	"sockets": {"listeners": [{"port": 53, "program": "unbound"}]},
	"runtime": {"hooks": [{"event": "udp_send", "state": state}], "datagrams": list},
}

ask(program, peer) := ask_at(program, peer, "2026-06-15T11:00:00Z")

ask_at(program, peer, at) := {
	"program": program, "direction": "out", "port": 53, "peer": peer, "peer_class": "public", "last_seen": at,
}

test_success_none if {
	good := [
		ask("curl", "192.0.2.53"), ask("curl", "fe80::1"), ask("unbound", "198.41.0.4"), ask("dig", "9.9.9.9"), ask("curl", "192.0.2.9"),
		ask_at("curl", "8.8.8.8", "2026-06-13T11:00:00Z"),
	]
	resolvers_as_configured.live.verdict == "pass" with input as seen(good, "proven")
}

test_fail_seen if {
	resolvers_as_configured.live.params.names == ["curl (8.8.8.8)"] with input as seen([ask("curl", "8.8.8.8")], "proven")
}

test_unmeasured_live if {
	not resolvers_as_configured.live with input as {"families": {}}
	not resolvers_as_configured.live with input as seen([], "silent")
	not resolvers_as_configured.live with input as seen([object.remove(ask("curl", "8.8.8.8"), ["peer"])], "proven")
	not resolvers_as_configured.live with input as object.union(seen([ask("curl", "8.8.8.8")], "proven"), {"network": {"resolvers": []}})
}
