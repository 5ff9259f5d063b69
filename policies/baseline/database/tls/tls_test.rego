package baseline.database.tls_test

import data.baseline.database.tls

servers(list) := {"databases": {"servers": list}}

test_fail_plain if {
	tls.persisted.verdict == "fail" with input as servers([{"name": "mysql", "exposed": true, "tls": false}])
}

test_success_encrypted if {
	tls.persisted.verdict == "pass" with input as servers([{"name": "mysql", "exposed": true, "tls": true}])
}

test_unmeasured_persisted if {
	not tls.persisted with input as {"families": {}}
	not tls.persisted with input as servers([{"name": "mysql", "exposed": true}])
}

test_not_applicable if {
	tls.applies == false with input as servers([{"name": "mysql", "exposed": false, "tls": false}])
	tls.applies == true with input as servers([{"name": "mysql", "exposed": true}, {"name": "redis"}])
}
