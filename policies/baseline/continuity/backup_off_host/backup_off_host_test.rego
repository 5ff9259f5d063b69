package baseline.continuity.backup_off_host_test

import data.baseline.continuity.backup_off_host

tool(doc) := {"continuity": {"backups": [object.union({"name": "borg", "installed": true, "scheduled": true}, doc)]}}

test_success_away if {
	backup_off_host.persisted.verdict == "pass" with input as tool({"remote": true})
}

test_success_stated if {
	statement := {"attested": [{"subject": "offline_copy", "date": "2026-06-01T00:00:00Z", "age_days": 14}]}
	backup_off_host.persisted.reason == "stated" with input as object.union(tool({"remote": false}), {"continuity": statement})
}

test_fail_local if {
	backup_off_host.persisted.verdict == "fail" with input as tool({"remote": false})
}

test_unmeasured_persisted if {
	not backup_off_host.persisted with input as {"families": {}}
	not backup_off_host.persisted with input as tool({})
}

test_not_applicable if {
	backup_off_host.applies == false with input.continuity as {"backups": []}
}
