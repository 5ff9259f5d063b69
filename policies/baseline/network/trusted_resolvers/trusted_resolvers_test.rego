package baseline.network.trusted_resolvers_test

import data.baseline.network.trusted_resolvers

set(servers) := {"resolvers": servers}

flow(program, peer) := {
	"program": program, "direction": "out", "peer": peer, "peer_class": "public", "port": 53,
	"last_seen": "2026-06-15T11:00:00Z",
}

seen(flows) := {
	"network": {"resolvers": ["192.0.2.53"]},
	"sockets": {"listeners": [{"program": "coredns", "port": 53}]},
	"runtime": {"datagrams": flows, "hooks": [{"event": "udp_send", "state": "proven"}]},
}

test_success_right if {
	trusted_resolvers.persisted.verdict == "pass" with input.network as set(["192.0.2.53"])
	trusted_resolvers.persisted.verdict == "pass" with input.network as set(["127.0.0.1", "192.0.2.53"])
		with data.params.network.trusted_resolvers.approved as ["192.0.2.53"]
	trusted_resolvers.live.verdict == "pass" with input as seen([flow("curl", "192.0.2.53"), flow("dig", "8.8.8.8"), flow("coredns", "8.8.8.8")])
	trusted_resolvers.live.verdict == "pass" with input as seen([object.union(flow("curl", "9.9.9.9"), {"last_seen": "2026-06-10T00:00:00Z"})])
}

test_fail_forbidden if {
	trusted_resolvers.persisted.params.found == ["203.0.113.8"] with input.network as set(["192.0.2.53", "203.0.113.8"])
		with data.params.network.trusted_resolvers.forbidden as ["203.0.113.8"]
}

test_fail_unapproved if {
	trusted_resolvers.persisted.params.found == ["8.8.8.8"] with input.network as set(["8.8.8.8"])
		with data.params.network.trusted_resolvers.approved as ["192.0.2.53"]
}

test_fail_elsewhere if {
	trusted_resolvers.live.params.found == ["xmrig → 8.8.8.8"] with input as seen([flow("xmrig", "8.8.8.8")])
}

test_unmeasured_persisted if {
	not trusted_resolvers.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not trusted_resolvers.live with input as {"families": {}}
	not trusted_resolvers.live with input as object.union(seen([]), {"runtime": {"hooks": [{"event": "udp_send", "state": "silent"}]}})
	not trusted_resolvers.live with input as object.union(seen([]), {"runtime": {"truncated": true}})
}
