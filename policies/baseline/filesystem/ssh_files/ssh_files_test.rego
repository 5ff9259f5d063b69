package baseline.filesystem.ssh_files_test

import data.baseline.filesystem.ssh_files

sshd(mode, uid) := {"/etc/ssh/sshd_config": {"path": "/etc/ssh/sshd_config", "kind": "file", "mode": mode, "uid": uid, "gid": 0}}

test_success_closed if {
	ssh_files.persisted.verdict == "pass" with input.files.paths as sshd("0644", 0)
	ssh_files.applies == true with input.files.paths as sshd("0644", 0)
}

test_fail_open if {
	ssh_files.persisted.verdict == "fail" with input.files.paths as sshd("0666", 0)
	ssh_files.persisted.verdict == "fail" with input.files.paths as sshd("0600", 1000)
}

test_unmeasured_persisted if {
	not ssh_files.persisted with input as {"families": {}}
}

test_not_applicable if {
	ssh_files.applies == false with input.files.paths as {"/etc/ssh/sshd_config": {"kind": "absent"}}
}
