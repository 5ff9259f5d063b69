package baseline.ssh.host_key_files_test

import data.baseline.ssh.host_key_files

key(mode, uid, group) := {"file": {"path": "/etc/ssh/ssh_host_rsa_key", "kind": "file", "mode": mode, "uid": uid, "gid": 0, "user": "root", "group": group}}

test_success_closed if {
	host_key_files.persisted.verdict == "pass" with input.sshd.host_keys as [key("0600", 0, "root"), key("0640", 0, "ssh_keys")]
}

test_fail_open if {
	every bad in [key("0644", 0, "root"), key("0640", 0, "root"), key("0600", 33, "root"), key("0660", 0, "ssh_keys")] {
		host_key_files.persisted.verdict == "fail" with input.sshd.host_keys as [key("0600", 0, "root"), bad]
	}
}

test_unmeasured_persisted if {
	not host_key_files.persisted with input as {"families": {}}
	not host_key_files.persisted with input.sshd as {"installed": true, "host_keys": []}
}

test_not_applicable if {
	host_key_files.applies == false with input.sshd.installed as false
}
