package baseline.vulnerabilities.patch_latency_test

import data.baseline.vulnerabilities.patch_latency

host(days, use, exposure) := {
	"live": true,
	"families": {"vulnerabilities": {"state": "ok"}},
	"vulnerabilities": {"packages": 3, "index": {"age_days": 2}, "found": [{
		"id": "DSA-1-1", "source": "nginx", "version": "1", "fixed": "2", "fixed_days": days,
		"use": use, "exposure": exposure,
	}]},
}

test_success_prompt if {
	patch_latency.persisted.verdict == "pass" with input as host(30, "running", "controlled")
	patch_latency.persisted.verdict == "pass" with input as host(400, "unseen", "none")
	patch_latency.persisted.verdict == "pass" with input as json.remove(host(400, "running", "controlled"), ["vulnerabilities/found/0/fixed_days"])
}

test_fail_late if {
	r := patch_latency.persisted with input as host(400, "running", "controlled")
	r.verdict == "fail"
	r.params.days == 400
	r.params.count == 1
}

test_unmeasured_persisted if {
	not patch_latency.persisted with input as {"families": {}}
	not patch_latency.persisted with input as json.patch(host(3, "unseen", "none"), [{"op": "replace", "path": "vulnerabilities/index/age_days", "value": 500}])
}
