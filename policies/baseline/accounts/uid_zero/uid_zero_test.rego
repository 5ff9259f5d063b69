package baseline.accounts.uid_zero_test

import data.baseline.accounts.uid_zero

test_success_root_only if {
	uid_zero.persisted.verdict == "pass" with input.accounts.users as [{"name": "root", "uid": 0}, {"name": "olena", "uid": 1000}]
}

test_fail_second_root if {
	uid_zero.persisted.params.users == ["toor"] with input.accounts.users as [{"name": "root", "uid": 0}, {"name": "toor", "uid": 0}]
}

test_unmeasured_persisted if {
	not uid_zero.persisted with input as {"families": {}}
	not uid_zero.persisted with input.accounts.users as []
}
