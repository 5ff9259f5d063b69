package baseline.continuity.restore_tested_test

import data.baseline.continuity.restore_tested

stated(more) := {"attested": [object.union({"subject": "restore_test", "date": "2026-06-01T00:00:00Z", "age_days": 14, "file": "/etc/vymir/attested/restore.conf"}, more)]}

test_success_tried if {
	restore_tested.persisted.params.date == "2026-06-01" with input.continuity as stated({"evidence": {"path": "/root/restore.txt", "kind": "file"}})
}

test_fail_none if {
	restore_tested.persisted.reason == "none" with input.continuity as {"attested": []}
	restore_tested.persisted.reason == "none" with input.continuity as stated({"subject": "offline_copy"})
	restore_tested.persisted.reason == "old" with input.continuity as stated({"age_days": 400})
	restore_tested.persisted.reason == "no_evidence" with input.continuity as stated({})
	restore_tested.persisted.reason == "no_evidence" with input.continuity as stated({"evidence": {"kind": "absent"}})
}

test_unmeasured_persisted if {
	not restore_tested.persisted with input as {"families": {}}
	not restore_tested.persisted with input.continuity as stated({"evidence": {"kind": "unknown"}})
}
