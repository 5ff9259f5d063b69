package baseline.integrity.package_files_test

import data.baseline.integrity.package_files

test_success_same if {
	package_files.persisted.verdict == "pass" with input.integrity as {"verified": true, "modified_files": []}
}

test_fail_changed if {
	package_files.persisted.verdict == "fail" with input.integrity as {"verified": false, "modified_files": ["/bin/ls"]}
}

test_unmeasured_persisted if {
	not package_files.persisted with input as {"families": {}}
	not package_files.persisted with input.integrity as {"verified": false, "modified_files": []}
}
