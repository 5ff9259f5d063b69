package baseline.ssh.max_auth_tries_test

import data.baseline.ssh.max_auth_tries

config(value) := {"settings": {"maxauthtries": [value]}}

test_success_few if {
	max_auth_tries.persisted.verdict == "pass" with input.sshd.persisted as config("4")
	max_auth_tries.live.verdict == "pass" with input.sshd.live as config("3")
}

test_success_tailored if {
	max_auth_tries.persisted.verdict == "pass" with input.sshd.persisted as config("6") with data.params.ssh.max_auth_tries.limit as 6
}

test_fail_many if {
	max_auth_tries.persisted.verdict == "fail" with input.sshd.persisted as config("6")
	max_auth_tries.live.verdict == "fail" with input.sshd.live as config("10")
}

test_fail_match_block if {
	block := {"criteria": "all", "settings": {"maxauthtries": ["20"]}, "source": "/etc/ssh/sshd_config:9"}
	max_auth_tries.persisted.params.seen == 20 with input.sshd.persisted as object.union(config("4"), {"matches": [block]})
}

test_success_not_running if {
	max_auth_tries.live.reason == "not_running" with input.sshd as {"running": false}
}

test_unmeasured_persisted if {
	not max_auth_tries.persisted with input as {"families": {}}
	not max_auth_tries.persisted with input.sshd.persisted.settings as {}
}

test_unmeasured_live if {
	not max_auth_tries.live with input as {"families": {}}
}

test_not_applicable if {
	max_auth_tries.applies == false with input.sshd.installed as false
}
