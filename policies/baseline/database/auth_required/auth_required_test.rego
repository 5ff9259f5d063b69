package baseline.database.auth_required_test

import data.baseline.database.auth_required

servers(list) := {"databases": {"servers": list}}

test_fail_no_password if {
	r := auth_required.persisted with input as servers([{"name": "redis", "auth_required": false}, {"name": "postgresql"}])
	r.verdict == "fail"
	r.params.names == ["redis"]
}

test_success_asked if {
	auth_required.persisted.verdict == "pass" with input as servers([{"name": "postgresql", "auth_required": true}])
}

test_unmeasured_persisted if {
	not auth_required.persisted with input as {"families": {}}
	not auth_required.persisted with input as servers([{"name": "postgresql"}])
}

test_not_applicable if {
	auth_required.applies == false with input as servers([])
}
