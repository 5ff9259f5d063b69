package baseline.accounts.no_nis_test

import data.baseline.accounts.no_nis

test_success_local if {
	no_nis.persisted.verdict == "pass" with input.accounts.nis as false
}

test_fail_nis if {
	no_nis.persisted.verdict == "fail" with input.accounts.nis as true
}

test_unmeasured_persisted if {
	not no_nis.persisted with input as {"families": {}}
	not no_nis.persisted with input.accounts as {"users": []}
}
