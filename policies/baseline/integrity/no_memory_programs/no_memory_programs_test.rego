package baseline.integrity.no_memory_programs_test

import data.baseline.integrity.no_memory_programs

test_success_none if {
	no_memory_programs.live.verdict == "pass" with input.processes as {"memfd": []}
}

test_fail_found if {
	no_memory_programs.live.verdict == "fail" with input.processes as {"memfd": [{"pid": 7, "name": "x"}]}
	no_memory_programs.live.params.names == ["x"] with input.processes as {"memfd": [{"pid": 7, "name": "x"}]}
}

test_unmeasured_live if {
	not no_memory_programs.live with input as {"families": {}}
	not no_memory_programs.live with input.processes as {}
}
