package baseline.updates.no_stale_libraries_test

import data.baseline.updates.no_stale_libraries

test_success_none if {
	no_stale_libraries.live.verdict == "pass" with input.processes as {"stale_libraries": []}
}

test_fail_found if {
	no_stale_libraries.live.verdict == "fail" with input.processes as {"stale_libraries": [{"pid": 7, "name": "x"}]}
	no_stale_libraries.live.params.names == ["x"] with input.processes as {"stale_libraries": [{"pid": 7, "name": "x"}]}
}

test_unmeasured_live if {
	not no_stale_libraries.live with input as {"families": {}}
	not no_stale_libraries.live with input.processes as {}
}
