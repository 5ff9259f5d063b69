package baseline.authentication.password_history_test

import data.baseline.authentication.password_history

pam(rules, settings) := {"pam": {"services": {"common-password": rules}, "pwhistory": settings}}

rule(module, args) := {"type": "password", "control": "required", "module": module, "args": args}

test_success_kept if {
	password_history.persisted.verdict == "pass" with input as pam([rule("pam_pwhistory.so", [])], {})
	password_history.persisted.params.seen == 12 with input as pam([rule("pam_unix.so", ["remember=12"])], {})
	password_history.applies == true with input as pam([], {})
}

test_fail_none_or_few if {
	password_history.persisted.reason == "none" with input as pam([rule("pam_unix.so", ["yescrypt"])], {})
	password_history.persisted.reason == "few" with input as pam([rule("pam_pwhistory.so", [])], {"remember": "2"})
}

test_unmeasured_persisted if {
	not password_history.persisted with input as {"families": {}}
	not password_history.persisted with input.pam as {"services": {}}
}

test_not_applicable if {
	password_history.applies == false with input.families.pam.state as "not_applicable"
}
