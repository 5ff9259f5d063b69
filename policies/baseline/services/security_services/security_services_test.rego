package baseline.services.security_services_test

import data.baseline.services.security_services

services(list) := {"units": list}

unit(enabled, active) := {"exists": true, "enabled": enabled, "active": active}

test_success_up if {
	result := services({"auditd.service": unit("enabled", "active"), "nftables.service": unit("disabled", "failed"), "fail2ban": unit("enabled", "active")})
	security_services.persisted.params.names == ["auditd", "fail2ban"] with input.services as result
	security_services.live.verdict == "pass" with input.services as result
}

test_fail_off if {
	security_services.persisted.params.names == ["auditd"] with input.services as services({"auditd.service": unit("masked", "inactive")})
}

test_fail_down if {
	security_services.live.params.names == ["auditd", "nftables"] with input.services as services({
		"auditd.service": unit("enabled", "failed"),
		"nftables.service": unit("enabled", "failed"),
	})
}

test_unmeasured_persisted if {
	not security_services.persisted with input as {"families": {}}
	not security_services.persisted with input.services as services({"auditd.service": {"exists": true}})
}

test_unmeasured_live if {
	not security_services.live with input as {"families": {}}
	not security_services.live with input.services as services({"auditd.service": {"exists": true, "enabled": "enabled"}})
}

test_not_applicable if {
	security_services.applies == false with input.services as services({"ssh.service": unit("enabled", "active")})
	security_services.applies == true with input.services as services({"auditd.service": unit("enabled", "active")})
}
