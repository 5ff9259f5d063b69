package baseline.updates.security_repository_test

import data.baseline.updates.security_repository

source(enabled, security) := {"packages": {"sources": [{"file": "/etc/apt/sources.list", "uri": "http://deb.example", "enabled": enabled, "security": security}]}}

test_success_present if {
	security_repository.persisted.verdict == "pass" with input as source(true, true)
}

test_fail_missing if {
	security_repository.persisted.verdict == "fail" with input as source(true, false)
	security_repository.persisted.verdict == "fail" with input as source(false, true)
}

test_unmeasured_persisted if {
	not security_repository.persisted with input as {"families": {}}
	not security_repository.persisted with input.packages as {"sources": []}
}

test_not_applicable if {
	security_repository.applies == false with input.os as {"id": "alpine"}
}
