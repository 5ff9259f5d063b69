package baseline.runtime.no_internet_to_management_test

import data.baseline.runtime.no_internet_to_management

seen(list, state) := {"runtime": {"hooks": [{"event": "tcp_accept", "state": state}], "connections": list}}

come(port, class) := {"program": "x", "direction": "in", "port": port, "peer_class": class, "count": 1}

test_success_none if {
	no_internet_to_management.live.verdict == "pass" with input as seen([come(443, "public"), come(5432, "private")], "proven")
}

test_fail_seen if {
	no_internet_to_management.live.params.names == ["5432 (x)"] with input as seen([come(5432, "public")], "proven")
}

test_unmeasured_live if {
	not no_internet_to_management.live with input as {"families": {}}
	not no_internet_to_management.live with input as seen([], "refused")
}
