package baseline.filesystem.system_files_test

import data.baseline.filesystem.system_files

state(path, kind, mode) := {"path": path, "kind": kind, "mode": mode, "uid": 0, "gid": 0}

paths(path, kind, mode) := {"/etc/passwd": state("/etc/passwd", "file", "0644"), path: state(path, kind, mode)}

test_success_closed if {
	system_files.persisted.verdict == "pass" with input.files.paths as paths("/etc/profile", "file", "0644")
	system_files.persisted.verdict == "pass" with input.files.paths as paths("/etc/spool", "dir", "1777")
	system_files.persisted.verdict == "pass" with input.files.paths as paths("/tmp", "dir", "0777")
}

test_fail_open if {
	system_files.persisted.params.found == ["/etc/profile 0666 0:0"] with input.files.paths as paths("/etc/profile", "file", "0666")
	system_files.persisted.verdict == "fail" with input.files.paths as paths("/etc/systemd/system", "dir", "0777")
}

test_unmeasured_persisted if {
	not system_files.persisted with input as {"families": {}}
}
