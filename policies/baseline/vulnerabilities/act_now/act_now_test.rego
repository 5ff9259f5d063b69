package baseline.vulnerabilities.act_now_test

import data.baseline.vulnerabilities.act_now
import data.lib.vulnerabilities

host(found) := {
	"live": true,
	"families": {"vulnerabilities": {"state": "ok"}},
	"vulnerabilities": {"packages": 3, "observed_days": 30, "index": {"age_days": 2, "kev_at": "2026-06-01T00:00:00Z"}, "found": found},
}

unseen := {"id": "CVE-2026-1000", "source": "nginx", "version": "1", "use": "unseen", "exposure": "none", "score": 9.8, "automatable": true}

local_use := object.union(unseen, {"use": "running", "exposure": "local"})

reachable := object.union(unseen, {"use": "running", "exposure": "open", "root": true})

exploited := {"exploited": "2026-05-01T00:00:00Z"}

unknown := object.union(unseen, {"use": "unknown", "exposure": "unknown"})

test_decisions if {
	d := [v.decision | some v in vulnerabilities.decided] with input as host([
		unseen,
		local_use,
		object.union(unseen, exploited),
		reachable,
		object.union(reachable, {"epss": 0.1}),
		object.union(reachable, {"epss": 0.05}),
		object.union(reachable, exploited),
		object.union_n([reachable, exploited, {"root": false}]),
		unknown,
		object.union(unknown, exploited),
		object.union(reachable, {"unimportant": true, "automatable": false}),
		object.union(local_use, {"root": true}),
	])
	d == [
		"defer", "defer", "scheduled", "scheduled", "out_of_cycle", "scheduled",
		"immediate", "out_of_cycle", "scheduled", "out_of_cycle", "defer", "scheduled",
	]
}

# what was not seen in a short while may be used tomorrow: it is not held for less
test_not_watched_long_enough if {
	watched := host([object.union(unseen, {"epss": 0.2})])
	vulnerabilities.decided[0].decision == "defer" with input as watched
	vulnerabilities.decided[0].decision == "scheduled" with input as json.patch(watched, [{"op": "replace", "path": "vulnerabilities/observed_days", "value": 2}])
	vulnerabilities.decided[0].decision == "scheduled" with input as json.remove(watched, ["vulnerabilities/observed_days"])
}

# a vector that nobody gave is taken as one that can be automated, where the code can be reached
test_no_vector if {
	blank := object.union(object.remove(reachable, ["score", "automatable"]), exploited)
	vulnerabilities.decided[0].decision == "immediate" with input as host([blank])
	vulnerabilities.decided[0].row.automatable == "no" with input as host([object.union(blank, {"exposure": "local"})])
}

test_impact_is_set if {
	vulnerabilities.decided[0].decision == "scheduled" with input as host([unseen])
		with data.params.vulnerabilities.act_now.impact as "very_high"
}

test_because if {
	b := [v.because | some v in vulnerabilities.decided] with input as host([
		unseen, local_use, reachable, object.union(unseen, exploited), object.union(local_use, {"root": true}),
		object.union(unseen, {"unimportant": true}), object.union(local_use, {"epss": 0.2}), object.union(unseen, {"use": "unknown"}),
	])
	b == ["unused", "local", "reachable", "exploited", "root", "unimportant", "predicted", "use_unknown"]
}

test_success_none if {
	act_now.live.verdict == "pass" with input as host([unseen, reachable])
	r := act_now.live with input as host([unseen, reachable])
	r.verdict == "pass"
	r.params == {"total": 2, "scheduled": 1, "deferred": 1}
}

test_fail_urgent if {
	r := act_now.live with input as host([unseen, object.union(reachable, exploited)])
	r.verdict == "fail"
	r.params.immediate == 1
	r.params.deferred == 1
	r.evidence.found[0].row == {"exploitation": "active", "exposure": "open", "automatable": "yes", "impact": "high"}
	r.evidence.found[0].exploited == "2026-05-01T00:00:00Z"
	r.evidence.decided == {"immediate": 1, "out_of_cycle": 0, "scheduled": 0, "defer": 1}
	r.evidence.deferred_because == {"unused": 1}
	r.evidence.table == [{
		"exploitation": "active", "exposure": "open", "automatable": "yes",
		"low": "out_of_cycle", "medium": "out_of_cycle", "high": "immediate", "very_high": "immediate",
	}]
}

# the most urgent stand first, and evidence is bounded whatever the host has
test_evidence_order if {
	many := [object.union(exploited_open, {"id": sprintf("CVE-2026-%d", [n])}) | some n in numbers.range(2000, 2099)]
	worst := object.union(exploited_open, {"id": "CVE-2026-9999", "root": true})
	r := act_now.live with input as host(array.concat(many, [worst]))
	count(r.evidence.found) == 25
	r.evidence.more == 76
	r.evidence.found[0].id == "CVE-2026-9999"
	r.params.immediate + r.params.out_of_cycle == 101
}

exploited_open := object.union_n([reachable, exploited, {"root": false}])

test_unmeasured_live if {
	not act_now.live with input as {"families": {}}
	not act_now.live with input as json.patch(host([unseen]), [{"op": "replace", "path": "vulnerabilities/index/age_days", "value": 500}])
	not act_now.live with input as json.patch(host([unseen]), [{"op": "replace", "path": "families/vulnerabilities/state", "value": "partial"}])
}
