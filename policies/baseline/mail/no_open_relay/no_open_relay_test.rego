package baseline.mail.no_open_relay_test

import data.baseline.mail.no_open_relay

test_fail_open if {
	no_open_relay.persisted.verdict == "fail" with input.mail as {"name": "postfix", "open_relay": true}
}

test_success_closed if {
	no_open_relay.persisted.verdict == "pass" with input.mail as {"name": "postfix", "open_relay": false}
}

test_unmeasured_persisted if {
	not no_open_relay.persisted with input as {"families": {}}
	not no_open_relay.persisted with input.mail as {"name": "exim"}
}

test_not_applicable if {
	no_open_relay.applies == false with input.mail as {"name": ""}
}
