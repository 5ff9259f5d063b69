package baseline.ssh.password_authentication_test

import data.baseline.ssh.password_authentication

config(password, interactive, pam, methods) := {"settings": {
	"passwordauthentication": [password],
	"kbdinteractiveauthentication": [interactive],
	"usepam": [pam],
	"authenticationmethods": methods,
}}

test_success_keys if {
	every c in [
		config("no", "no", "yes", ["any"]),
		config("no", "yes", "no", ["any"]),
		config("yes", "yes", "yes", ["publickey,password", "publickey,keyboard-interactive"]),
	] {
		password_authentication.persisted.verdict == "pass" with input.sshd.persisted as c
		password_authentication.live.verdict == "pass" with input.sshd.live as c
	}
}

test_fail_password if {
	every c in [
		config("yes", "no", "no", ["any"]),
		config("no", "yes", "yes", ["any"]),
		config("yes", "no", "yes", ["publickey", "password"]),
	] {
		password_authentication.persisted.verdict == "fail" with input.sshd.persisted as c
		password_authentication.live.verdict == "fail" with input.sshd.live as c
	}
}

test_fail_match_block if {
	block := {"criteria": "user backup", "settings": {"passwordauthentication": ["yes"]}, "source": "/etc/ssh/sshd_config:9"}
	c := object.union(config("no", "no", "yes", ["any"]), {"matches": [block]})
	password_authentication.persisted.verdict == "fail" with input.sshd.persisted as c
}

test_success_not_running if {
	password_authentication.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not password_authentication.persisted with input as {"families": {}}
	not password_authentication.persisted with input.sshd as {"persisted": {"settings": {}}}
}

test_unmeasured_live if {
	not password_authentication.live with input as {"families": {}}
	not password_authentication.live with input.sshd as {"running": true}
}

test_not_applicable if {
	password_authentication.applies == false with input.sshd as {"installed": false}
}
