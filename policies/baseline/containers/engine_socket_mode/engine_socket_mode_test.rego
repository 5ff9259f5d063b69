package baseline.containers.engine_socket_mode_test

import data.baseline.containers.engine_socket_mode

engine(socket) := {"containers": {"engines": [{"name": "docker", "socket": socket}]}}

test_fail_world_writable if {
	r := engine_socket_mode.live with input as engine({"path": "/run/docker.sock", "kind": "socket", "mode": "0666", "world_writable": true})
	r.verdict == "fail"
	r.params.mode == "0666"
}

test_success_closed if {
	engine_socket_mode.live.verdict == "pass" with input as engine({"path": "/run/docker.sock", "kind": "socket", "mode": "0660"})
}

test_unmeasured_live if {
	not engine_socket_mode.live with input as {"families": {}}
	not engine_socket_mode.live with input as engine({"path": "/run/docker.sock", "kind": "socket"})
}

test_not_applicable if {
	engine_socket_mode.applies == false with input as engine({"path": "/run/docker.sock", "kind": "absent"})
}
