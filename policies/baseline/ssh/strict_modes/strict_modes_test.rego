package baseline.ssh.strict_modes_test

import data.baseline.ssh.strict_modes

good := {"strictmodes": ["yes"]}

test_success_as_wanted if {
	strict_modes.persisted.verdict == "pass" with input.sshd.persisted.settings as good
	strict_modes.live.verdict == "pass" with input.sshd.live.settings as good
}

test_fail_otherwise if {
	every bad in [{"strictmodes": ["no"]}] {
		strict_modes.persisted.verdict == "fail" with input.sshd.persisted.settings as bad
		strict_modes.live.verdict == "fail" with input.sshd.live.settings as bad
	}
}

test_fail_match_block if {
	block := {"criteria": "group staff", "settings": {"strictmodes": ["no"]}, "source": "/etc/ssh/sshd_config.d/a.conf:2"}
	strict_modes.persisted.verdict == "fail" with input.sshd.persisted as {"settings": good, "matches": [block]}
}

test_success_not_running if {
	strict_modes.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not strict_modes.persisted with input as {"families": {}}
	not strict_modes.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not strict_modes.live with input as {"families": {}}
	not strict_modes.live with input.sshd as {"running": true}
}

test_not_applicable if {
	strict_modes.applies == false with input.sshd as {"installed": false}
}
