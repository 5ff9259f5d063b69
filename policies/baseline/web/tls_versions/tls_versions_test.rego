package baseline.web.tls_versions_test

import data.baseline.web.tls_versions

servers(list) := {"web_servers": {"servers": list}}

test_fail_old if {
	r := tls_versions.persisted with input as servers([{"name": "nginx", "tls_protocols": ["TLSv1", "TLSv1.2"]}])
	r.verdict == "fail"
	r.params.versions == ["TLSv1"]
}

test_success_modern if {
	tls_versions.persisted.verdict == "pass" with input as servers([{"name": "nginx", "tls_protocols": ["TLSv1.2", "TLSv1.3"]}])
}

test_unmeasured_persisted if {
	not tls_versions.persisted with input as {"families": {}}
	not tls_versions.persisted with input as servers([{"name": "nginx"}])
}

test_not_applicable if {
	tls_versions.applies == false with input as servers([])
}
