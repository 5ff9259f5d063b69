package baseline.continuity.backup_recent_test

import data.baseline.continuity.backup_recent

tool(doc) := {"continuity": {"backups": [object.union({"name": "restic", "installed": true}, doc)]}}

test_success_recent if {
	backup_recent.persisted.verdict == "pass" with input as tool({"scheduled": true, "last_run": "2026-06-14T02:00:00Z"})
}

test_fail_old_or_none if {
	backup_recent.persisted.reason == "old" with input as tool({"scheduled": true, "last_run": "2026-01-14T02:00:00Z"})
	backup_recent.persisted.reason == "none" with input as tool({"scheduled": false})
	backup_recent.persisted.reason == "none" with input.continuity as {"backups": [{"name": "borg", "installed": false}]}
}

test_unmeasured_persisted if {
	not backup_recent.persisted with input as {"families": {}}
	not backup_recent.persisted with input as tool({"scheduled": true})
}
