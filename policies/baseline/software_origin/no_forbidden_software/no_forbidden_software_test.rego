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
