package baseline.ssh.empty_passwords_test

import data.baseline.ssh.empty_passwords

good := {"permitemptypasswords": ["no"]}

test_success_as_wanted if {
	empty_passwords.persisted.verdict == "pass" with input.sshd.persisted.settings as good
	empty_passwords.live.verdict == "pass" with input.sshd.live.settings as good
}

test_fail_otherwise if {
	every bad in [{"permitemptypasswords": ["yes"]}] {
		empty_passwords.persisted.verdict == "fail" with input.sshd.persisted.settings as bad
		empty_passwords.live.verdict == "fail" with input.sshd.live.settings as bad
	}
}

test_fail_match_block if {
	block := {"criteria": "group staff", "settings": {"permitemptypasswords": ["yes"]}, "source": "/etc/ssh/sshd_config.d/a.conf:2"}
	empty_passwords.persisted.verdict == "fail" with input.sshd.persisted as {"settings": good, "matches": [block]}
}

test_success_not_running if {
	empty_passwords.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not empty_passwords.persisted with input as {"families": {}}
	not empty_passwords.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not empty_passwords.live with input as {"families": {}}
	not empty_passwords.live with input.sshd as {"running": true}
}

test_not_applicable if {
	empty_passwords.applies == false with input.sshd as {"installed": false}
}
