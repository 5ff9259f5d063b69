package baseline.logging.persistent_test

import data.baseline.logging.persistent

test_success_kept if {
	persistent.persisted.verdict == "pass" with input.logging as {"journal": {"settings": {}, "persistent": true}}
	persistent.persisted.verdict == "pass" with input.logging as {"journal": {"persistent": false}, "syslog": {"implementation": "rsyslog", "enabled": true}}
	persistent.live.verdict == "pass" with input.logging as {"newest_at": "2026-06-15T10:00:00Z"}
}

test_fail_volatile_or_silent if {
	persistent.persisted.verdict == "fail" with input.logging as {"journal": {"persistent": false}}
	persistent.persisted.verdict == "fail" with input.logging as {"journal": {"persistent": false}, "syslog": {"enabled": false}}
	persistent.persisted.verdict == "fail" with input as {"families": {"logging": {"state": "ok"}}, "logging": {}}
	persistent.live.verdict == "fail" with input.logging as {"newest_at": "2026-06-01T10:00:00Z"}
}

test_unmeasured_persisted if {
	not persistent.persisted with input as {"families": {}}
	not persistent.persisted with input.logging as {"journal": {"settings": {}}}
}

test_unmeasured_live if {
	not persistent.live with input as {"families": {}}
}
