package baseline.time.synchronised_test

import data.baseline.time.synchronised

test_success_synchronised if {
	synchronised.persisted.verdict == "pass" with input.time as {"daemons": [{"name": "chrony", "enabled": true}]}
	synchronised.live.verdict == "pass" with input.time as {"synchronised": true, "max_error_seconds": 0.2}
}

test_fail_unsynchronised if {
	synchronised.persisted.verdict == "fail" with input.time as {"daemons": []}
	synchronised.persisted.verdict == "fail" with input.time as {"daemons": [{"name": "ntpd", "enabled": false}]}
	synchronised.live.verdict == "fail" with input.time as {"synchronised": false}
	synchronised.live.verdict == "fail" with input.time as {"synchronised": true, "max_error_seconds": 600}
}

test_fail_no_server if {
	family := {"time": {"state": "ok"}}
	kept := {"daemons": [{"name": "chrony", "enabled": true}], "servers": []}
	synchronised.persisted.reason == "no_server" with input as {"families": family, "time": kept}
	synchronised.persisted.verdict == "pass" with input as {"families": family, "time": object.union(kept, {"servers": ["dhcp"]})}
	synchronised.persisted.verdict == "pass" with input as {"families": {"time": {"state": "partial"}}, "time": kept}
}

test_unmeasured_persisted if {
	not synchronised.persisted with input as {"families": {}}
	not synchronised.persisted with input.time as {"daemons": [{"name": "ntpd"}]}
}

test_unmeasured_live if {
	not synchronised.live with input as {"families": {}}
}
