package baseline.ssh.login_grace_test

import data.baseline.ssh.login_grace

config(value) := {"settings": {"logingracetime": [value]}}

test_success_short if {
	login_grace.persisted.verdict == "pass" with input.sshd.persisted as config("120")
	login_grace.live.verdict == "pass" with input.sshd.live as config("30")
}

test_fail_long if {
	login_grace.persisted.verdict == "fail" with input.sshd.persisted as config("0")
	login_grace.live.verdict == "fail" with input.sshd.live as config("600")
}

test_success_not_running if {
	login_grace.live.reason == "not_running" with input.sshd as {"running": false}
}

test_unmeasured_persisted if {
	not login_grace.persisted with input as {"families": {}}
	not login_grace.persisted with input.sshd.persisted as config("soon")
}

test_unmeasured_live if {
	not login_grace.live with input as {"families": {}}
}

test_not_applicable if {
	login_grace.applies == false with input.sshd.installed as false
	login_grace.applies == false with input.sshd as {"installed": true, "implementation": "dropbear"}
}
