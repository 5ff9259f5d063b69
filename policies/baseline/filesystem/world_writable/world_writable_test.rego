package baseline.filesystem.world_writable_test

import data.baseline.filesystem.world_writable

test_success_none if {
	world_writable.persisted.verdict == "pass" with input.walk as {"complete": true, "world_writable": []}
}

test_fail_found if {
	world_writable.persisted.params.count == 1 with input.walk as {"complete": true, "world_writable": [{"path": "/srv/x"}]}
}

test_unmeasured_persisted if {
	not world_writable.persisted with input as {"families": {}}
	not world_writable.persisted with input.walk as {"complete": false, "world_writable": []}
}
