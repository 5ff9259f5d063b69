package baseline.integrity.no_programs_in_temp_test

import data.baseline.integrity.no_programs_in_temp

test_success_none if {
	no_programs_in_temp.live.verdict == "pass" with input.processes as {"temp_exe": []}
}

test_fail_found if {
	no_programs_in_temp.live.verdict == "fail" with input.processes as {"temp_exe": [{"pid": 7, "name": "x"}]}
	no_programs_in_temp.live.params.names == ["x"] with input.processes as {"temp_exe": [{"pid": 7, "name": "x"}]}
}

test_unmeasured_live if {
	not no_programs_in_temp.live with input as {"families": {}}
	not no_programs_in_temp.live with input.processes as {}
}
