package baseline.authentication.password_quality_test

import data.baseline.authentication.password_quality

pam(module, settings) := {"pam": {
	"services": {"passwd": [
		{"type": "password", "control": "requisite", "module": module},
		{"type": "password", "control": "required", "module": "pam_unix.so"},
	]},
	"pwquality": settings,
}}

test_success_long if {
	password_quality.persisted.verdict == "pass" with input as pam("pam_pwquality.so", {"minlen": "14"})
	password_quality.persisted.reason == "passphrase" with input as pam("pam_passwdqc.so", {})
	password_quality.applies == true with input as pam("pam_unix.so", {})
}

test_fail_short_or_unchecked if {
	password_quality.persisted.reason == "short" with input as pam("pam_pwquality.so", {})
	password_quality.persisted.reason == "short" with input as pam("pam_cracklib.so", {"minlen": "8"})
	password_quality.persisted.reason == "no_module" with input as pam("pam_permit.so", {})
}

test_unmeasured_persisted if {
	not password_quality.persisted with input as {"families": {}}
	not password_quality.persisted with input.pam as {"services": {}}
}

test_not_applicable if {
	password_quality.applies == false with input.families.pam.state as "not_applicable"
}
