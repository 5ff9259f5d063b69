package baseline.filesystem.unowned_test

import data.baseline.filesystem.unowned

test_success_none if {
	unowned.persisted.verdict == "pass" with input.walk as {"complete": true, "unowned": []}
}

test_fail_found if {
	unowned.persisted.params.found == ["/srv/x"] with input.walk as {"complete": true, "unowned": [{"path": "/srv/x"}]}
}

test_unmeasured_persisted if {
	not unowned.persisted with input as {"families": {}}
	not unowned.persisted with input.walk as {"complete": false, "unowned": []}
}
