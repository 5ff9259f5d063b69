package baseline.ssh.host_based_test

import data.baseline.ssh.host_based

good := {"hostbasedauthentication": ["no"], "ignorerhosts": ["yes"]}

test_success_as_wanted if {
	host_based.persisted.verdict == "pass" with input.sshd.persisted.settings as good
	host_based.live.verdict == "pass" with input.sshd.live.settings as good
}

test_fail_otherwise if {
	every bad in [{"hostbasedauthentication": ["yes"], "ignorerhosts": ["yes"]}, {"hostbasedauthentication": ["no"], "ignorerhosts": ["no"]}] {
		host_based.persisted.verdict == "fail" with input.sshd.persisted.settings as bad
		host_based.live.verdict == "fail" with input.sshd.live.settings as bad
	}
}

test_fail_match_block if {
	block := {"criteria": "group staff", "settings": {"hostbasedauthentication": ["yes"]}, "source": "/etc/ssh/sshd_config.d/a.conf:2"}
	host_based.persisted.verdict == "fail" with input.sshd.persisted as {"settings": good, "matches": [block]}
}

test_success_not_running if {
	host_based.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not host_based.persisted with input as {"families": {}}
	not host_based.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not host_based.live with input as {"families": {}}
	not host_based.live with input.sshd as {"running": true}
}

test_not_applicable if {
	host_based.applies == false with input.sshd as {"installed": false}
}
