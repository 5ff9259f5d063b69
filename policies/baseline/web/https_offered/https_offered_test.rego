package baseline.web.https_offered_test

import data.baseline.web.https_offered

servers(list) := {"web_servers": {"servers": list}}

test_fail_bad if {
	r := https_offered.persisted with input as servers([{"name": "nginx", "plain_http_only": true}, {"name": "apache2"}])
	r.verdict == "fail"
	r.params.servers == ["nginx"]
}

test_success_good if {
	https_offered.persisted.verdict == "pass" with input as servers([{"name": "nginx", "plain_http_only": false}])
}

test_unmeasured_persisted if {
	not https_offered.persisted with input as {"families": {}}
	not https_offered.persisted with input as servers([{"name": "nginx"}])
}

test_not_applicable if {
	https_offered.applies == false with input as servers([])
}
