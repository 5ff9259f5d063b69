package baseline.containers.no_privileged_test

import data.baseline.containers.no_privileged

running(list) := {"containers": {"running": list}}

test_fail_privileged if {
	r := no_privileged.live with input as running([{"id": "1", "name": "web", "privileged": true}, {"id": "2", "privileged": false}])
	r.params.names == ["web"]
	r.verdict == "fail"
}

test_success_none if {
	no_privileged.live.verdict == "pass" with input as running([{"id": "1", "privileged": false}])
}

test_unmeasured_live if {
	not no_privileged.live with input as {"families": {}}
	not no_privileged.live with input as running([{"id": "1"}])
}

test_not_applicable if {
	no_privileged.applies == false with input as running([])
}
