package baseline.accounts.root_path_test

import data.baseline.accounts.root_path

test_success_safe if {
	root_path.persisted.verdict == "pass" with input.accounts.root_path_unsafe as []
}

test_fail_unsafe if {
	root_path.persisted.verdict == "fail" with input.accounts.root_path_unsafe as ["."]
}

test_unmeasured_persisted if {
	not root_path.persisted with input as {"families": {}}
	not root_path.persisted with input.accounts as {"users": []}
}
