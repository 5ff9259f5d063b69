package baseline.ssh.forwarding_test

import data.baseline.ssh.forwarding

good := {"allowtcpforwarding": ["no"], "allowagentforwarding": ["no"], "permittunnel": ["no"], "gatewayports": ["no"]}

test_success_as_wanted if {
	forwarding.persisted.verdict == "pass" with input.sshd.persisted.settings as good
	forwarding.live.verdict == "pass" with input.sshd.live.settings as good
}

test_fail_otherwise if {
	every bad in [{"allowtcpforwarding": ["local"], "allowagentforwarding": ["no"], "permittunnel": ["no"], "gatewayports": ["no"]}, {"allowtcpforwarding": ["no"], "allowagentforwarding": ["yes"], "permittunnel": ["no"], "gatewayports": ["no"]}, {"allowtcpforwarding": ["no"], "allowagentforwarding": ["no"], "permittunnel": ["yes"], "gatewayports": ["no"]}, {"allowtcpforwarding": ["no"], "allowagentforwarding": ["no"], "permittunnel": ["no"], "gatewayports": ["clientspecified"]}] {
		forwarding.persisted.verdict == "fail" with input.sshd.persisted.settings as bad
		forwarding.live.verdict == "fail" with input.sshd.live.settings as bad
	}
}

test_fail_match_block if {
	block := {"criteria": "group staff", "settings": {"allowtcpforwarding": ["local"]}, "source": "/etc/ssh/sshd_config.d/a.conf:2"}
	forwarding.persisted.verdict == "fail" with input.sshd.persisted as {"settings": good, "matches": [block]}
}

test_success_all_disabled if {
	forwarding.persisted.verdict == "pass" with input.sshd.persisted.settings as {"disableforwarding": ["yes"], "allowtcpforwarding": ["yes"]}
}

test_success_not_running if {
	forwarding.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_persisted if {
	not forwarding.persisted with input as {"families": {}}
	not forwarding.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not forwarding.live with input as {"families": {}}
	not forwarding.live with input.sshd as {"running": true}
}

test_not_applicable if {
	forwarding.applies == false with input.sshd as {"installed": false}
}
