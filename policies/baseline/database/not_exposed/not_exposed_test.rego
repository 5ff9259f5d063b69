package baseline.database.not_exposed_test

import data.baseline.database.not_exposed

listeners(list) := {"sockets": {"listeners": list}}

test_fail_exposed if {
	r := not_exposed.live with input as listeners([{"program": "postgres", "port": 5432, "exposure": "all"}])
	r.verdict == "fail"
	r.params.port == 5432
	s := not_exposed.live with input as listeners([{"port": 6379, "exposure": "private", "reachable": "yes"}])
	s.verdict == "fail"
}

test_success_local_or_filtered if {
	r := not_exposed.live with input as listeners([
		{"program": "mariadbd", "port": 3306, "exposure": "loopback"},
		{"program": "redis-server", "port": 6379, "exposure": "all", "reachable": "limited"},
	])
	r.verdict == "pass"
}

test_success_allowed if {
	not_exposed.live.verdict == "pass" with input as listeners([{"program": "postgres", "port": 5432, "exposure": "all"}])
		with data.params.database.not_exposed.allowed_ports as [5432]
}

servers(list) := {"databases": {"servers": list}}

shut := {
	"manager_enabled": true,
	"configured": {"ipv4": "drop", "ipv6": "drop", "open": [{"protocol": "tcp", "from": 22, "to": 22, "family": "both"}, {"protocol": "tcp", "from": 3306, "to": 3306, "limited": true, "family": "ipv4"}]},
}

test_fail_will_answer if {
	not_exposed.persisted.params.names == ["mariadb"] with input as servers([{"name": "mariadb", "will_expose": true}, {"name": "redis", "will_expose": false}])
	not_exposed.persisted.verdict == "fail" with input as object.union(
		servers([{"name": "postgresql", "will_expose": true}]),
		{"firewall": {"manager_enabled": true, "configured": {"ipv4": "drop", "ipv6": "drop", "open": [{"protocol": "tcp", "from": 5000, "to": 6000}]}}},
	)
}

test_success_will_stay_local if {
	not_exposed.persisted.verdict == "pass" with input as servers([{"name": "redis", "will_expose": false}])
	not_exposed.persisted.verdict == "pass" with input as object.union(servers([{"name": "mariadb", "will_expose": true}]), {"firewall": shut})
	not_exposed.persisted.verdict == "pass" with input as servers([{"name": "mariadb", "will_expose": true}])
		with data.params.database.not_exposed.allowed_ports as [3306]
}

test_unmeasured_persisted if {
	not not_exposed.persisted with input as {"families": {}}
	not not_exposed.persisted with input as servers([{"name": "mariadb"}])
}

test_unmeasured_live if {
	not not_exposed.live with input as {"families": {}}
	not not_exposed.live with input as listeners([{"program": "postgres", "port": 5432}])
}

test_not_applicable if {
	not_exposed.applies == false with input as object.union(servers([]), listeners([{"program": "sshd", "port": 22, "exposure": "all"}]))
	not_exposed.applies == false with input as servers([])
	not_exposed.applies == true with input as object.union(servers([]), listeners([{"program": "postgres", "port": 5432, "exposure": "all"}]))
}
