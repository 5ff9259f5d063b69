package baseline.runtime.no_shell_connections_test

import data.baseline.runtime.no_shell_connections

seen(list, state) := {"runtime": {"hooks": [{"event": "tcp_connect", "state": state}], "connections": list}}

talk(program, class) := {"program": program, "peer": "192.0.2.1", "port": 4444, "peer_class": class, "count": 1}

test_success_none if {
	no_shell_connections.live.verdict == "pass" with input as seen([talk("curl", "public"), talk("bash", "loopback")], "proven")
}

test_fail_seen if {
	no_shell_connections.live.params.names == ["bash → 192.0.2.1:4444"] with input as seen([talk("bash", "public")], "proven")
}

test_unmeasured_live if {
	not no_shell_connections.live with input as {"families": {}}
	not no_shell_connections.live with input as seen([], "refused")
}
