package baseline.filesystem.shared_directories_test

import data.baseline.filesystem.shared_directories

tmp(mode, uid) := {"/tmp": {"path": "/tmp", "kind": "dir", "mode": mode, "uid": uid, "gid": 0}, "/var/tmp": {"kind": "link", "path": "/var/tmp"}}

test_success_sticky if {
	shared_directories.persisted.verdict == "pass" with input.files.paths as tmp("1777", 0)
	shared_directories.persisted.verdict == "pass" with input.files.paths as tmp("0755", 0)
}

test_fail_open if {
	shared_directories.persisted.verdict == "fail" with input.files.paths as tmp("0777", 0)
	shared_directories.persisted.verdict == "fail" with input.files.paths as tmp("1777", 1000)
}

test_unmeasured_persisted if {
	not shared_directories.persisted with input as {"families": {}}
}
