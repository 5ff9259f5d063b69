package baseline.authentication.remote_second_factor_test

import data.baseline.authentication.remote_second_factor

host(settings, rules) := {"sshd": {"installed": true, "persisted": {"settings": settings}}, "pam": {"services": {"sshd": rules}}}

test_success_two if {
	remote_second_factor.persisted.verdict == "pass" with input as host({"usepam": ["yes"], "authenticationmethods": ["publickey,keyboard-interactive"]}, [])
	remote_second_factor.persisted.reason == "module" with input as host({"usepam": ["yes"]}, [{"type": "auth", "control": "required", "module": "pam_oath.so"}])
}

test_fail_one if {
	remote_second_factor.persisted.verdict == "fail" with input as host({"usepam": ["yes"], "authenticationmethods": ["any"]}, [])
	remote_second_factor.persisted.verdict == "fail" with input as host({"usepam": ["no"]}, [{"type": "auth", "control": "required", "module": "pam_oath.so"}])
}

test_unmeasured_persisted if {
	not remote_second_factor.persisted with input as {"families": {}}
	not remote_second_factor.persisted with input as {"sshd": {"installed": true, "persisted": {"settings": {"usepam": ["yes"]}}}}
}

running(settings) := {"sshd": {"installed": true, "running": true, "live": {"settings": settings}}, "pam": {"services": {"sshd": []}}}

test_live if {
	remote_second_factor.live.verdict == "pass" with input as running({"usepam": ["yes"], "authenticationmethods": ["publickey,password"]})
	remote_second_factor.live.verdict == "fail" with input as running({"usepam": ["yes"], "authenticationmethods": ["any"]})
	remote_second_factor.live.reason == "not_running" with input.sshd as {"installed": true, "running": false}
}

test_unmeasured_live if {
	not remote_second_factor.live with input as {"families": {}}
	not remote_second_factor.live with input as {"sshd": {"installed": true, "running": true}}
}

test_not_applicable if {
	remote_second_factor.applies == false with input.sshd as {"installed": false}
}
