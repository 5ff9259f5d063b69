package baseline.runtime.exposed_services_used_test

import data.baseline.runtime.exposed_services_used

seen(listener, first_seen, observed) := {
	"sockets": {"listeners": [object.union({"protocol": "tcp", "exposure": "all", "port": 8080, "program": "java"}, listener)]},
	"runtime": {
		"hooks": [{"event": "tcp_accept", "state": "proven"}], "observed_seconds": observed * 86400,
		"listening": [{"port": 8080, "program": "java", "first_seen": first_seen}],
	},
}

long_ago := "2026-05-15T00:00:00Z"

test_success_used if {
	exposed_services_used.live.verdict == "pass" with input as seen({"peers_seen": 2}, long_ago, 31)
	exposed_services_used.live.verdict == "pass" with input as seen({"peers_seen": 0}, "2026-06-10T00:00:00Z", 31)
	exposed_services_used.live.verdict == "pass" with input as seen({"peers_seen": 0, "exposure": "loopback"}, long_ago, 31)
	exposed_services_used.live.verdict == "pass" with input as seen({"peers_seen": 0}, long_ago, 31)
		with data.params.runtime.exposed_services_used.expected as [8080]
}

test_fail_unused if {
	exposed_services_used.live.params.names == ["java 8080"] with input as seen({"peers_seen": 0}, long_ago, 28)
}

test_unmeasured_live if {
	not exposed_services_used.live with input as {"families": {}}
	not exposed_services_used.live with input as seen({"peers_seen": 0}, long_ago, 20)
	not exposed_services_used.live with input as seen({}, long_ago, 31)
}
