package baseline.authentication.su_restricted_test

import data.baseline.authentication.su_restricted

su(rules) := {"pam": {"services": {"su": rules}}}

wheel(control, args) := {"type": "auth", "control": control, "module": "pam_wheel.so", "args": args}

test_success_limited if {
	su_restricted.persisted.verdict == "pass" with input as su([wheel("required", ["use_uid"])])
	su_restricted.applies == true with input as su([])
}

test_fail_anyone if {
	su_restricted.persisted.verdict == "fail" with input as su([{"type": "auth", "control": "sufficient", "module": "pam_rootok.so"}])
	su_restricted.persisted.verdict == "fail" with input as su([wheel("sufficient", ["trust"])])
}

test_unmeasured_persisted if {
	not su_restricted.persisted with input as {"families": {}}
	not su_restricted.persisted with input.pam as {"services": {}}
}

test_not_applicable if {
	su_restricted.applies == false with input.families.pam.state as "not_applicable"
}
