package baseline.mail.tls_offered_test

import data.baseline.mail.tls_offered

test_fail_plain if {
	tls_offered.persisted.verdict == "fail" with input.mail as {"name": "postfix", "loopback_only": false, "tls": "none"}
}

test_success_offered if {
	tls_offered.persisted.verdict == "pass" with input.mail as {"name": "postfix", "loopback_only": false, "tls": "may"}
}

test_unmeasured_persisted if {
	not tls_offered.persisted with input as {"families": {}}
	not tls_offered.persisted with input.mail as {"name": "postfix"}
}

test_not_applicable if {
	tls_offered.applies == false with input.mail as {"name": "postfix", "loopback_only": true}
	tls_offered.applies == false with input.mail as {"name": ""}
}
