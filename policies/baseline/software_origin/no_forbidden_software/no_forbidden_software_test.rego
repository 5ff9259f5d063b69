package baseline.software_origin.no_forbidden_software_test

import data.baseline.software_origin.no_forbidden_software

list := ["badsoft*", "worseprog"]

test_success_clean if {
	no_forbidden_software.persisted.verdict == "pass" with input.packages.installed as [{"name": "bash"}]
		with data.params.software_origin.no_forbidden_software.forbidden as list
	no_forbidden_software.live.verdict == "pass" with input.processes.names as ["bash"]
		with data.params.software_origin.no_forbidden_software.forbidden as list
}

test_fail_found if {
	no_forbidden_software.persisted.params.names == ["BadSoft-common"] with input.packages.installed as [{"name": "bash"}, {"name": "BadSoft-common"}]
		with data.params.software_origin.no_forbidden_software.forbidden as list
	no_forbidden_software.live.verdict == "fail" with input.processes.names as ["worseprog"]
		with data.params.software_origin.no_forbidden_software.forbidden as list
}

test_unmeasured_persisted if {
	not no_forbidden_software.persisted with input.packages.installed as [{"name": "bash"}]
	not no_forbidden_software.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not no_forbidden_software.live with input.processes.names as ["bash"]
	not no_forbidden_software.live with input as {"families": {}}
}

hit(by, live) := {"entry": "X-1", "name": "BadSoft", "maker": "Nobody Ltd", "by": by, "what": "badsoft 1.0", "live": live}

matched(found) := {"source": "a list", "as_of": "2026-11-01T00:00:00Z", "entries": 2, "persisted": true, "live": true, "found": found}

test_success_by_list if {
	no_forbidden_software.persisted.verdict == "pass" with input.forbidden_software as matched([hit("process", true)])
	no_forbidden_software.live.params.entries == 2 with input.forbidden_software as matched([hit("package", false)])
}

test_fail_by_list if {
	no_forbidden_software.persisted.params.names == ["BadSoft"] with input.forbidden_software as matched([hit("maker", false), hit("package", false)])
	no_forbidden_software.live.evidence.matches[0].list == "a list" with input.forbidden_software as matched([hit("service", true)])
}

# A match that does not say whether it runs is of what is installed, as it stands in the facts.
test_fail_by_list_without_live if {
	found := [{"entry": "X-1", "name": "BadSoft", "by": "package", "what": "badsoft 1.0"}]
	no_forbidden_software.persisted.verdict == "fail" with input.forbidden_software as matched(found)
}

test_unmeasured_by_list if {
	half := object.union(matched([]), {"persisted": false, "live": false})
	not no_forbidden_software.persisted with input.forbidden_software as half
	not no_forbidden_software.live with input.forbidden_software as half
		with data.params.software_origin.no_forbidden_software.forbidden as list
		with input.processes.names as ["worseprog"]
}

# The imported list goes before names given as parameters.
test_success_list_before_names if {
	no_forbidden_software.live.verdict == "pass" with input.forbidden_software as matched([])
		with data.params.software_origin.no_forbidden_software.forbidden as list
		with input.processes.names as ["worseprog"]
}
