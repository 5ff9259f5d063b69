package baseline.integrity.package_files_test

import data.baseline.integrity.package_files

test_success_same if {
	package_files.persisted.verdict == "pass" with input.integrity as {"verified": true, "modified_files": []}
}

test_fail_changed if {
	package_files.persisted.verdict == "fail" with input.integrity as {"verified": false, "modified_files": ["/bin/ls"]}
}

test_fail_missing if {
	every p in ["/bin/login", "/usr/sbin/sshd", "/lib/x86_64-linux-gnu/security/pam_unix.so"] {
		result := package_files.persisted with input.integrity as {"verified": false, "modified_files": [], "missing_files": [p]}
		result.verdict == "fail"
		result.reason == "missing"
	}
}

test_success_documentation_left_out if {
	absent := ["/usr/share/doc/a/copyright", "/usr/lib/locale/C.utf8/LC_CTYPE"]
	result := package_files.persisted with input.integrity as {"verified": true, "modified_files": [], "missing_files": absent}
	result.verdict == "pass"
}

test_unmeasured_persisted if {
	not package_files.persisted with input as {"families": {}}
	not package_files.persisted with input.integrity as {"verified": false, "modified_files": []}
}
