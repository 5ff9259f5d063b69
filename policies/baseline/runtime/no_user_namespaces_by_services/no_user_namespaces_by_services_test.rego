package baseline.runtime.no_user_namespaces_by_services_test

import data.baseline.runtime.no_user_namespaces_by_services

seen(acts, kind) := {"runtime": {
	"hooks": [{"event": "namespace", "state": "proven", "kind": kind}],
	"acts": acts,
}}

made(program, uid, detail) := {"kind": "namespace", "program": program, "uid": uid, "detail": detail}

test_success_none if {
	every a in [
		made("chrome", 1000, "user"),
		made("runc", 0, "mount user pid"),
		made("php-fpm8.2", 33, "network"),
		made("bwrap", 112, "mount user"),
	] {
		no_user_namespaces_by_services.live.verdict == "pass" with input as seen([a], "fentry")
	}
	no_user_namespaces_by_services.live.verdict == "pass" with input as seen([], "fentry")
}

test_fail_seen if {
	every kind in ["fentry", "tp_btf"] {
		no_user_namespaces_by_services.live.params.names == ["sh (33)"] with input as seen([made("sh", 33, "user")], kind)
	}
}

test_unmeasured_live if {
	not no_user_namespaces_by_services.live with input as {"families": {}}
	not no_user_namespaces_by_services.live with input as seen([], "tp_btf")
	not no_user_namespaces_by_services.live with input as {"runtime": {"hooks": [{"event": "namespace", "state": "refused"}]}}
}
