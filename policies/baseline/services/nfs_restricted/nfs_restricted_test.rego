package baseline.services.nfs_restricted_test

import data.baseline.services.nfs_restricted

nfs(exports) := {"shares": {"nfs": exports}}

test_success_named if {
	nfs_restricted.persisted.verdict == "pass" with input as nfs([{"path": "/srv", "client": "10.0.0.0/24", "options": ["rw", "root_squash"]}])
}

test_fail_open if {
	nfs_restricted.persisted.verdict == "fail" with input as nfs([{"path": "/srv", "client": "*"}])
	nfs_restricted.persisted.params.why == "no_root_squash" with input as nfs([{"path": "/srv", "client": "10.0.0.1", "options": ["no_root_squash"]}])
}

test_unmeasured_persisted if {
	not nfs_restricted.persisted with input as {"families": {}}
	not nfs_restricted.persisted with input.shares as {}
}

test_not_applicable if {
	nfs_restricted.applies == false with input as nfs([])
}
