package baseline.ssh.idle_timeout_test

import data.baseline.ssh.idle_timeout

config(interval, most) := {"settings": {"clientaliveinterval": [interval], "clientalivecountmax": [most]}}

test_success_asked if {
	idle_timeout.persisted.verdict == "pass" with input.sshd.persisted as config("300", "3")
	idle_timeout.live.verdict == "pass" with input.sshd.live as config("900", "1")
}

test_fail_never if {
	idle_timeout.persisted.verdict == "fail" with input.sshd.persisted as config("0", "3")
	idle_timeout.persisted.reason == "never_closed" with input.sshd.persisted as config("300", "0")
	idle_timeout.live.verdict == "fail" with input.sshd.live as config("3600", "3")
}

test_success_not_running if {
	idle_timeout.live.reason == "not_running" with input.sshd as {"running": false}
}

test_unmeasured_persisted if {
	not idle_timeout.persisted with input as {"families": {}}
	not idle_timeout.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not idle_timeout.live with input as {"families": {}}
}

test_not_applicable if {
	idle_timeout.applies == false with input.sshd.installed as false
}
