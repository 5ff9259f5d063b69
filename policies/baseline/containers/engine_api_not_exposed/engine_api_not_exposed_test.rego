package baseline.containers.engine_api_not_exposed_test

import data.baseline.containers.engine_api_not_exposed

engines(list) := {"containers": {"engines": list}}

test_fail_open_api if {
	r := engine_api_not_exposed.live with input as engines([{"name": "docker", "tcp_exposed": true}])
	r.verdict == "fail"
	r.params.engine == "docker"
}

test_success_local_or_with_certificates if {
	r := engine_api_not_exposed.live with input as engines([
		{"name": "docker", "tcp_exposed": true, "tls_verify": true},
		{"name": "podman", "tcp_exposed": false},
	])
	r.verdict == "pass"
}

test_persisted if {
	engine_api_not_exposed.persisted.verdict == "fail" with input as engines([{"name": "docker", "tcp_configured": true, "tls_verify": false}])
	engine_api_not_exposed.persisted.verdict == "pass" with input as engines([{"name": "docker", "tcp_configured": true, "tls_verify": true}])
	engine_api_not_exposed.persisted.verdict == "pass" with input as engines([{"name": "docker", "tcp_configured": false}, {"name": "podman"}])
}

test_unmeasured_persisted if {
	not engine_api_not_exposed.persisted with input as {"families": {}}
	not engine_api_not_exposed.persisted with input as engines([{"name": "docker"}])
}

test_unmeasured_live if {
	not engine_api_not_exposed.live with input as {"families": {}}
	not engine_api_not_exposed.live.verdict with input as engines([{"name": "docker"}])
}

test_not_applicable if {
	engine_api_not_exposed.applies == false with input as engines([])
}
