package baseline.remote_access.tunnels_alive_test

import data.baseline.remote_access.tunnels_alive

links(list) := {"tunnels": list}

wg(more) := object.union({"interface": "wg0", "kind": "wireguard", "peers": 2}, more)

test_success_alive if {
	tunnels_alive.live.params.names == ["wg0", "tun0"] with input.network as links([
		wg({"last_handshake_at": "2026-06-15T11:59:00Z", "age_seconds": 60}),
		{"interface": "tun0", "kind": "tun", "connected": true},
		{"interface": "wg9", "kind": "wireguard", "peers": 0},
	])
}

test_fail_dead if {
	tunnels_alive.live.params.names == ["wg0"] with input.network as links([wg({})])
	tunnels_alive.live.verdict == "fail" with input.network as links([wg({"last_handshake_at": "2026-06-01T00:00:00Z", "age_seconds": 1200000})])
	tunnels_alive.live.verdict == "fail" with input.network as links([{"interface": "tun0", "kind": "tun", "connected": false}])
}

test_unmeasured_live if {
	not tunnels_alive.live with input as {"families": {}}
	not tunnels_alive.applies with input.network as links([{"interface": "wg0", "kind": "wireguard"}])
	not tunnels_alive.live with input.network as links([{"interface": "tun0", "kind": "tun"}])
}

test_not_applicable if {
	tunnels_alive.applies == false with input.network as links([])
	tunnels_alive.applies == false with input.network as links([wg({"peers": 0})])
	tunnels_alive.applies == true with input.network as links([wg({}), {"interface": "tun0", "kind": "tun"}])
}
