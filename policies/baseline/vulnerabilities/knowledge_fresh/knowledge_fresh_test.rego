package baseline.vulnerabilities.knowledge_fresh_test

import data.baseline.vulnerabilities.knowledge_fresh

test_success_fresh if {
	knowledge_fresh.persisted.verdict == "pass" with input.vulnerabilities as {"index": {"ecosystem": "Debian:12", "age_days": 2}}
}

test_fail_old if {
	r := knowledge_fresh.persisted with input.vulnerabilities as {"index": {"ecosystem": "Debian:11", "age_days": 1300}}
	r.verdict == "fail"
	r.params == {"release": "Debian:11", "days": 1300}
}

test_unmeasured_persisted if {
	not knowledge_fresh.persisted with input as {"families": {}}
}
