package baseline.ssh.log_level_test

import data.baseline.ssh.log_level

good := {"loglevel": ["INFO"]}

test_success_as_wanted if {
	log_level.persisted.verdict == "pass" with input.sshd.persisted.settings as good
	log_level.live.verdict == "pass" with input.sshd.live.settings as good
}

test_fail_otherwise if {
	every bad in [{"loglevel": ["QUIET"]}, {"loglevel": ["ERROR"]}] {
		log_level.persisted.verdict == "fail" with input.sshd.persisted.settings as bad
		log_level.live.verdict == "fail" with input.sshd.live.settings as bad
	}
}

test_fail_match_block if {
	block := {"criteria": "group staff", "settings": {"loglevel": ["QUIET"]}, "source": "/etc/ssh/sshd_config.d/a.conf:2"}
	log_level.persisted.verdict == "fail" with input.sshd.persisted as {"settings": good, "matches": [block]}
}

test_success_not_running if {
	log_level.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not log_level.persisted with input as {"families": {}}
	not log_level.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not log_level.live with input as {"families": {}}
	not log_level.live with input.sshd as {"running": true}
}

test_not_applicable if {
	log_level.applies == false with input.sshd as {"installed": false}
}
