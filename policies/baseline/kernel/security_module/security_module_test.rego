package baseline.kernel.security_module_test

import data.baseline.kernel.security_module

unit(enabled) := {"init": "systemd", "units": {"apparmor.service": {"exists": true, "enabled": enabled}}}

test_success_on if {
	security_module.persisted.verdict == "pass" with input.kernel.lsm_configured as {"selinux": "enforcing"}
	security_module.persisted.verdict == "pass" with input.services as unit("enabled")
	security_module.live.verdict == "pass" with input.kernel.lsm_enforcing as {"selinux": "enforcing"}
	security_module.live.verdict == "pass" with input.kernel.lsm_enforcing as {"apparmor": "enabled", "selinux": "disabled"}
}

test_fail_off if {
	security_module.persisted.verdict == "fail" with input.kernel.lsm_configured as {"selinux": "permissive"}
	security_module.persisted.verdict == "fail" with input.services as unit("disabled")
	security_module.persisted.verdict == "fail" with input as {"services": unit("enabled"), "kernel": {"cmdline_configured": ["apparmor=0"]}}
	security_module.persisted.verdict == "fail" with input.services as {"init": "systemd", "units": {"ssh.service": {}}}
	security_module.live.verdict == "fail" with input.kernel.lsm_enforcing as {"selinux": "permissive", "apparmor": "disabled"}
}

test_unmeasured_persisted if {
	not security_module.persisted with input as {"families": {}}
	not security_module.persisted with input.services as {"init": "openrc", "units": {"sshd": {}}}
}

test_unmeasured_live if {
	not security_module.live with input as {"families": {}}
}
