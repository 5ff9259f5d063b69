package baseline.accounts.trust_files_test

import data.baseline.accounts.trust_files

test_success_none if {
	trust_files.persisted.verdict == "pass" with input.accounts.users as [{"name": "a", "dot_files": [{"path": "/home/a/.forward"}]}]
}

test_fail_found if {
	trust_files.persisted.params.found == ["/root/.rhosts"] with input.accounts.users as [{"name": "root", "dot_files": [{"path": "/root/.rhosts"}]}]
}

test_unmeasured_persisted if {
	not trust_files.persisted with input as {"families": {}}
	not trust_files.persisted with input.accounts.users as [{"name": "a"}]
}
