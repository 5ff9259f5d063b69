package baseline.web.version_hidden_test

import data.baseline.web.version_hidden

servers(list) := {"web_servers": {"servers": list}}

test_fail_told if {
	version_hidden.persisted.verdict == "fail" with input as servers([{"name": "apache2", "server_tokens": "OS"}])
}

test_success_hidden if {
	version_hidden.persisted.verdict == "pass" with input as servers([{"name": "apache2", "server_tokens": "Prod"}, {"name": "nginx", "server_tokens": "off"}])
}

test_unmeasured_persisted if {
	not version_hidden.persisted with input as {"families": {}}
	not version_hidden.persisted with input as servers([{"name": "nginx"}])
}

test_not_applicable if {
	version_hidden.applies == false with input as servers([])
}
