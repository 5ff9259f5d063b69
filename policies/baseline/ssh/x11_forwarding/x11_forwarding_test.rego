package baseline.ssh.x11_forwarding_test

import data.baseline.ssh.x11_forwarding

good := {"x11forwarding": ["no"]}

test_success_as_wanted if {
	x11_forwarding.persisted.verdict == "pass" with input.sshd.persisted.settings as good
	x11_forwarding.live.verdict == "pass" with input.sshd.live.settings as good
}

test_success_all_forwarding_disabled if {
	x11_forwarding.persisted.verdict == "pass" with input.sshd.persisted.settings as {"x11forwarding": ["yes"], "disableforwarding": ["yes"]}
}

test_fail_otherwise if {
	every bad in [{"x11forwarding": ["yes"]}] {
		x11_forwarding.persisted.verdict == "fail" with input.sshd.persisted.settings as bad
		x11_forwarding.live.verdict == "fail" with input.sshd.live.settings as bad
	}
}

test_fail_match_block if {
	block := {"criteria": "group staff", "settings": {"x11forwarding": ["yes"]}, "source": "/etc/ssh/sshd_config.d/a.conf:2"}
	x11_forwarding.persisted.verdict == "fail" with input.sshd.persisted as {"settings": good, "matches": [block]}
}

test_success_not_running if {
	x11_forwarding.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not x11_forwarding.persisted with input as {"families": {}}
	not x11_forwarding.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not x11_forwarding.live with input as {"families": {}}
	not x11_forwarding.live with input.sshd as {"running": true}
}

test_not_applicable if {
	x11_forwarding.applies == false with input.sshd as {"installed": false}
}
