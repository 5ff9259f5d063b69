package baseline.logging.audit_test

import data.baseline.logging.audit

test_success_audits if {
	audit.persisted.verdict == "pass" with input.audit as {"installed": true, "daemon_enabled": true, "rules_configured": ["-w /etc/passwd -p wa"]}
	audit.live.verdict == "pass" with input.audit as {"enabled": 1, "rules_loaded": 12}
	audit.applies == true with input.audit as {}
}

test_fail_off if {
	audit.persisted.reason == "no_daemon" with input.audit as {"installed": false}
	audit.persisted.reason == "no_daemon" with input.audit as {"installed": true, "daemon_enabled": false}
	audit.persisted.reason == "no_rules" with input.audit as {"installed": true, "daemon_enabled": true, "rules_configured": []}
	audit.live.verdict == "fail" with input.audit as {"enabled": 0}
	audit.live.verdict == "fail" with input.audit as {"enabled": 1, "rules_loaded": 0}
}

test_unmeasured_persisted if {
	not audit.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not audit.live with input as {"families": {}}
	not audit.live with input.audit as {"enabled": 1}
}

test_not_applicable if {
	audit.applies == false with input.families.audit.state as "not_applicable"
}
