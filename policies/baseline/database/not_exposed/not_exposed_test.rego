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

test_unmeasured_live if {
	not not_exposed.live with input as {"families": {}}
	not not_exposed.live with input as listeners([{"program": "postgres", "port": 5432}])
}

test_not_applicable if {
	not_exposed.applies == false with input as listeners([{"program": "sshd", "port": 22, "exposure": "all"}])
}
