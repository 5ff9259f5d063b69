package baseline.containers.no_engine_socket_inside_test

import data.baseline.containers.no_engine_socket_inside

running(list) := {"containers": {"running": list}}

test_fail_mounted if {
	r := no_engine_socket_inside.live with input as running([{"id": "1", "engine_socket_mounted": true}])
	r.verdict == "fail"
	r.params.names == ["1"]
}

test_success_none if {
	no_engine_socket_inside.live.verdict == "pass" with input as running([{"id": "1", "engine_socket_mounted": false}])
}

test_unmeasured_live if {
	not no_engine_socket_inside.live with input as {"families": {}}
	not no_engine_socket_inside.live with input as running([{"id": "1"}])
}

test_not_applicable if {
	no_engine_socket_inside.applies == false with input as running([])
}
