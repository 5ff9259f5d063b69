package baseline.logging.retention_test

import data.baseline.logging.retention

logs(journal, rotation) := {"journal": journal, "rotation": rotation, "logrotate": true}

weekly(days) := [{"log": "/var/log/syslog", "kept_days": days, "file": "/etc/logrotate.d/rsyslog"}]

kept(span) := {"persistent": true, "settings": {"MaxRetentionSec": span}}

volatile := {"persistent": false, "settings": {}}

test_success_reaches if {
	retention.persisted.reason == "reaches" with input.logging as {"oldest_at": "2026-01-01T00:00:00Z"}
}

test_success_set if {
	retention.persisted.params.days == 91 with input.logging as logs(volatile, weekly(91))
	every span in ["90d", "13week", "4month", "1y", "7776000", "2200 h"] {
		retention.persisted.verdict == "pass" with input.logging as logs(kept(span), weekly(28))
	}
}

test_fail_short if {
	retention.persisted.params.days == 28 with input.logging as logs(volatile, weekly(28))
	retention.persisted.params.where == "MaxRetentionSec=1month" with input.logging as {"journal": kept("1month"), "logrotate": false}
	retention.persisted.params.days == 28 with input.logging as {"rotation": weekly(28)}
}

test_unmeasured_persisted if {
	not retention.persisted with input as {"families": {}}
	not retention.persisted with input.logging as logs({"persistent": true, "settings": {}}, weekly(28))
	not retention.persisted with input.logging as logs(kept("1week 2days"), weekly(28))
	not retention.persisted with input.logging as logs(volatile, [{"log": "/var/log/syslog", "file": "x"}])
	not retention.persisted with input.logging as logs(kept("0"), [])
}
