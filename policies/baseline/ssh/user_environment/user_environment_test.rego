package baseline.ssh.user_environment_test

import data.baseline.ssh.user_environment

good := {"permituserenvironment": ["no"]}

test_success_as_wanted if {
	user_environment.persisted.verdict == "pass" with input.sshd.persisted.settings as good
	user_environment.live.verdict == "pass" with input.sshd.live.settings as good
}

test_fail_otherwise if {
	every bad in [{"permituserenvironment": ["yes"]}, {"permituserenvironment": ["LANG,LC_*"]}] {
		user_environment.persisted.verdict == "fail" with input.sshd.persisted.settings as bad
		user_environment.live.verdict == "fail" with input.sshd.live.settings as bad
	}
}

test_fail_match_block if {
	block := {"criteria": "group staff", "settings": {"permituserenvironment": ["yes"]}, "source": "/etc/ssh/sshd_config.d/a.conf:2"}
	user_environment.persisted.verdict == "fail" with input.sshd.persisted as {"settings": good, "matches": [block]}
}

test_success_not_running if {
	user_environment.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not user_environment.persisted with input as {"families": {}}
	not user_environment.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not user_environment.live with input as {"families": {}}
	not user_environment.live with input.sshd as {"running": true}
}

test_not_applicable if {
	user_environment.applies == false with input.sshd as {"installed": false}
}
