package baseline.runtime.no_tools_from_services_test

import data.baseline.runtime.no_tools_from_services

ran(path, parents, state) := {"runtime": {
	"hooks": [{"event": "exec", "state": state}],
	"programs": [{"path": path, "parents": parents}],
}}

test_success_none if {
	no_tools_from_services.live.verdict == "pass" with input as ran("/usr/bin/id", ["bash", "sshd"], "proven")
	no_tools_from_services.live.verdict == "pass" with input as ran("/usr/bin/curl", ["php-fpm8.2"], "proven")
		with data.params.runtime.no_tools_from_services.approved as ["curl"]
}

test_fail_seen if {
	no_tools_from_services.live.params.names == ["php-fpm8.2 → whoami"] with input as ran("/usr/bin/whoami", ["bash", "php-fpm8.2"], "proven")
}

test_unmeasured_live if {
	not no_tools_from_services.live with input as {"families": {}}
	not no_tools_from_services.live with input as ran("/usr/bin/id", [], "silent")
	many := [sprintf("p%d", [i]) | some i in numbers.range(1, 16)]
	not no_tools_from_services.live with input as ran("/usr/bin/id", many, "proven")
}

test_unmeasured_live_poorer_hook if {
	not no_tools_from_services.live with input as {"runtime": {
		"hooks": [{"event": "exec", "state": "proven", "kind": "tracepoint"}],
		"programs": [], "events": [],
	}}
}
