package baseline.accounts.duplicates_test

import data.baseline.accounts.duplicates

test_success_unique if {
	duplicates.persisted.verdict == "pass" with input.accounts.duplicates as []
}

test_fail_twice if {
	d := {"kind": "uid", "value": "1000", "names": ["a", "b"]}
	duplicates.persisted.params.found == ["uid 1000 (a, b)"] with input.accounts.duplicates as [d]
}

test_unmeasured_persisted if {
	not duplicates.persisted with input as {"families": {}}
	not duplicates.persisted with input.accounts as {"users": []}
}
