package baseline.filesystem.unowned_test

import data.baseline.filesystem.unowned

accounts := {"users": [{"name": "root"}]}

test_success_none if {
	unowned.persisted.verdict == "pass" with input as {"walk": {"complete": true, "unowned": []}, "accounts": accounts}
}

test_fail_found if {
	unowned.persisted.params.found == ["/srv/x"] with input as {"walk": {"complete": true, "unowned": [{"path": "/srv/x"}]}, "accounts": accounts}
}

test_unmeasured_persisted if {
	not unowned.persisted with input as {"families": {}}
	not unowned.persisted with input as {"walk": {"complete": true, "unowned": [{"path": "/etc"}]}}
	not unowned.persisted with input.walk as {"complete": false, "unowned": []}
}
