package baseline.privilege.sudoers_files_test

import data.baseline.privilege.sudoers_files

state(path, kind, mode, uid) := {"path": path, "kind": kind, "mode": mode, "uid": uid, "gid": 0, "user": "u", "group": "root"}

paths(mode, uid) := {
	"/etc/sudoers": state("/etc/sudoers", "file", "0440", 0),
	"/etc/sudoers.d": state("/etc/sudoers.d", "dir", "0755", 0),
	"/etc/sudoers.d/a": state("/etc/sudoers.d/a", "file", mode, uid),
	"/etc/passwd": state("/etc/passwd", "file", "0666", 1),
}

test_success_closed if {
	sudoers_files.persisted.verdict == "pass" with input.files.paths as paths("0440", 0)
	sudoers_files.persisted.verdict == "pass" with input.files.paths as paths("0644", 0)
	sudoers_files.applies == true with input.files.paths as paths("0644", 0)
}

test_fail_open if {
	sudoers_files.persisted.params.found == ["/etc/sudoers.d/a 0666 u:root"] with input.files.paths as paths("0666", 0)
	sudoers_files.persisted.verdict == "fail" with input.files.paths as paths("0460", 0)
	sudoers_files.persisted.verdict == "fail" with input.files.paths as paths("0440", 1000)
}

test_unmeasured_persisted if {
	not sudoers_files.persisted with input as {"families": {}}
	not sudoers_files.persisted with input.files.paths as {"/etc/sudoers": {"path": "/etc/sudoers", "kind": "unknown"}}
}

test_not_applicable if {
	sudoers_files.applies == false with input.files.paths as {"/etc/sudoers": {"path": "/etc/sudoers", "kind": "absent"}}
}
