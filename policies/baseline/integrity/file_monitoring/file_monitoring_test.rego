package baseline.integrity.file_monitoring_test

import data.baseline.integrity.file_monitoring

test_success_watched if {
	file_monitoring.persisted.verdict == "pass" with input.integrity as {"fim": [{"name": "aide", "installed": true, "database_at": "2026-06-01T00:00:00Z"}]}
}

test_fail_none if {
	file_monitoring.persisted.reason == "none" with input.integrity as {"fim": []}
	file_monitoring.persisted.reason == "no_baseline" with input.integrity as {"fim": [{"name": "aide", "installed": true}]}
}

test_unmeasured_persisted if {
	not file_monitoring.persisted with input as {"families": {}}
	not file_monitoring.persisted with input.integrity as {}
}
