package baseline.authentication.lockout_test

import data.baseline.authentication.lockout

pam(module, settings) := {"pam": {
	"services": {"login": [{"type": "auth", "control": "required", "module": module}]},
	"faillock": settings,
}}

test_success_locks if {
	lockout.persisted.verdict == "pass" with input as pam("pam_faillock.so", {"deny": "5"})
	lockout.persisted.params.seen == 3 with input as pam("pam_faillock.so", {})
	lockout.applies == true with input as pam("pam_faillock.so", {})
}

test_fail_none_or_late if {
	lockout.persisted.reason == "none" with input as pam("pam_unix.so", {})
	lockout.persisted.reason == "late" with input as pam("pam_faillock.so", {"deny": "50"})
	lockout.persisted.reason == "late" with input as pam("pam_faillock.so", {"deny": "0"})
}

test_unmeasured_persisted if {
	not lockout.persisted with input as {"families": {}}
	not lockout.persisted with input.pam as {"services": {}}
}

test_not_applicable if {
	lockout.applies == false with input.families.pam.state as "not_applicable"
}
