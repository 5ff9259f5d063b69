package baseline.mail.loopback_only_test

import data.baseline.mail.loopback_only

test_fail_listens if {
	loopback_only.persisted.verdict == "fail" with input.mail as {"name": "postfix", "loopback_only": false}
	loopback_only.applies == true with input.mail as {"name": "postfix"}
}

test_success_local if {
	loopback_only.persisted.verdict == "pass" with input.mail as {"name": "exim", "loopback_only": true}
}

test_unmeasured_persisted if {
	not loopback_only.persisted with input as {"families": {}}
	not loopback_only.persisted with input.mail as {"name": "exim"}
}

listening(exposure) := {"listeners": [{"protocol": "tcp", "port": 25, "program": "master", "exposure": exposure}]}

test_live if {
	loopback_only.live.params.names == ["master (25)"] with input.sockets as listening("all")
	loopback_only.live.verdict == "pass" with input.sockets as listening("loopback")
}

test_unmeasured_live if {
	not loopback_only.live with input as {"families": {}}
}

test_not_applicable if {
	loopback_only.applies == false with input.mail as {"name": ""}
	loopback_only.applies == false with input.mail as {"name": "postfix"} with data.params.mail.loopback_only.mail_server as true
}
