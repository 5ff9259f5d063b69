package baseline.integrity.no_memory_programs_test

import data.baseline.integrity.no_memory_programs

test_success_none if {
	no_memory_programs.live.verdict == "pass" with input.processes as {"memfd": []}
}

test_success_copy_of_itself if {
	copy := {"pid": 7, "name": "runc:[2:INIT]", "exe": "/memfd:runc_cloned:/proc/self/exe", "detail": "sealed"}
	no_memory_programs.live.verdict == "pass" with input.processes as {"memfd": [copy]}
	no_memory_programs.live.verdict == "fail" with input.processes as {"memfd": [object.remove(copy, ["detail"])]}
}

test_fail_found if {
	no_memory_programs.live.verdict == "fail" with input.processes as {"memfd": [{"pid": 7, "name": "x"}]}
	no_memory_programs.live.params.names == ["x"] with input.processes as {"memfd": [{"pid": 7, "name": "x"}]}
}

test_unmeasured_live if {
	not no_memory_programs.live with input as {"families": {}}
	not no_memory_programs.live with input.processes as {}
}
