package baseline.accounts.weak_keys_test

import data.baseline.accounts.weak_keys

user(type, size) := {
	"name": "a", "home_state": {"kind": "dir"},
	"authorized_keys": [{"file": "/home/a/.ssh/authorized_keys", "type": type, "bits": size}],
}

test_success_strong if {
	every u in [user("ssh-ed25519", 0), user("ssh-rsa", 3072), user("ssh-rsa", 0)] {
		weak_keys.persisted.verdict == "pass" with input.accounts.users as [u]
	}
}

test_fail_weak if {
	weak_keys.persisted.params.found == ["a: ssh-rsa 1024 (/home/a/.ssh/authorized_keys)"] with input.accounts.users as [user("ssh-rsa", 1024)]
	weak_keys.persisted.verdict == "fail" with input.accounts.users as [user("ssh-dss", 1024)]
}

test_unmeasured_persisted_keys_of_a_command if {
	sshd := {"persisted": {"settings": {"authorizedkeyscommand": ["/usr/bin/sss_ssh_authorizedkeys"]}}}
	not weak_keys.persisted with input as {"accounts": {"users": [user("ssh-ed25519", 0)]}, "sshd": sshd}
	weak_keys.persisted.verdict == "fail" with input as {"accounts": {"users": [user("ssh-dss", 1024)]}, "sshd": sshd}
	block := {"criteria": "group staff", "settings": {"authorizedkeyscommand": ["/bin/x"]}}
	not weak_keys.persisted with input as {"accounts": {"users": [user("ssh-ed25519", 0)]}, "sshd": {"persisted": {"settings": {"authorizedkeyscommand": ["none"]}, "matches": [block]}}}
	weak_keys.persisted.verdict == "pass" with input as {"accounts": {"users": [user("ssh-ed25519", 0)]}, "sshd": {"persisted": {"settings": {"authorizedkeyscommand": ["none"]}}}}
}

test_unmeasured_persisted if {
	not weak_keys.persisted with input as {"families": {}}
	not weak_keys.persisted with input.accounts.users as [{"name": "a"}]
}
