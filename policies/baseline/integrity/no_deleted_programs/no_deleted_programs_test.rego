package baseline.integrity.no_deleted_programs_test

import data.baseline.integrity.no_deleted_programs

test_success_none if {
	no_deleted_programs.live.verdict == "pass" with input.processes as {"deleted_exe": []}
}

test_fail_found if {
	no_deleted_programs.live.verdict == "fail" with input.processes as {"deleted_exe": [{"pid": 7, "name": "x"}]}
	no_deleted_programs.live.params.names == ["x"] with input.processes as {"deleted_exe": [{"pid": 7, "name": "x"}]}
}

test_unmeasured_live if {
	not no_deleted_programs.live with input as {"families": {}}
	not no_deleted_programs.live with input.processes as {}
}
