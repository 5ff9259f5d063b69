package baseline.logging.remote_test

import data.baseline.logging.remote

logging(doc) := {"families": {"logging": {"state": "ok"}}, "logging": doc}

test_success_sent if {
	remote.persisted.verdict == "pass" with input as logging({"syslog": {"implementation": "rsyslog", "remote": ["log.example:514"]}})
	remote.persisted.reason == "uploaded" with input as logging({"journal": {"remote": true}})
}

test_fail_local if {
	remote.persisted.verdict == "fail" with input as logging({"journal": {"remote": false}})
	remote.persisted.verdict == "fail" with input as logging({"syslog": {"implementation": "rsyslog", "remote": []}})
}

test_unmeasured_persisted if {
	not remote.persisted with input as {"families": {}}
	not remote.persisted with input as logging({"syslog": {"implementation": "syslog-ng"}})
}
