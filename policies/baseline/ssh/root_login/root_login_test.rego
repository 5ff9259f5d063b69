package baseline.ssh.root_login_test

import data.baseline.ssh.root_login

config(value) := {"settings": {"permitrootlogin": [value]}, "sources": {"permitrootlogin": "/etc/ssh/sshd_config:3"}}

in_match := {
	"settings": {"permitrootlogin": ["no"]},
	"matches": [{"criteria": "address 10.0.0.0/8", "settings": {"permitrootlogin": ["yes"]}, "source": "/etc/ssh/sshd_config:9"}],
}

test_success_refused if {
	every value in ["no", "prohibit-password", "without-password", "forced-commands-only"] {
		root_login.persisted.verdict == "pass" with input.sshd.persisted as config(value)
		root_login.live.verdict == "pass" with input.sshd.live as config(value)
	}
}

test_fail_yes if {
	root_login.persisted.verdict == "fail" with input.sshd.persisted as config("yes")
	root_login.live.reason == "wrong" with input.sshd.live as config("yes")
	root_login.live.params.found == ["PermitRootLogin yes (/etc/ssh/sshd_config:3)"] with input.sshd.live as config("yes")
}

test_fail_match_block if {
	root_login.persisted.verdict == "fail" with input.sshd.persisted as in_match
}

test_success_not_running if {
	root_login.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_success_dropbear_without_passwords if {
	config := {"settings": {"permitrootlogin": ["yes"], "passwordauthentication": ["no"]}}
	root_login.persisted.verdict == "pass" with input.sshd as {"implementation": "dropbear", "persisted": config}
	root_login.persisted.verdict == "fail" with input.sshd as {"implementation": "openssh", "persisted": config}
}

test_unmeasured_persisted if {
	not root_login.persisted with input as {"families": {}}
	not root_login.persisted with input.sshd as {"installed": true, "persisted": {"settings": {}}}
}

test_unmeasured_live if {
	not root_login.live with input as {"families": {}}
	not root_login.live with input.sshd as {"installed": true, "running": true}
}

test_not_applicable if {
	root_login.applies == false with input.sshd as {"installed": false}
}
