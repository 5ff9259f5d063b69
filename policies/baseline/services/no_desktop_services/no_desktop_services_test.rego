package baseline.services.no_desktop_services_test

import data.baseline.services.no_desktop_services

test_success_none if {
	no_desktop_services.persisted.verdict == "pass" with input.services as {"units": {"cups.service": {"enabled": "disabled"}}}
	no_desktop_services.persisted.verdict == "pass" with input.services as {"units": {"cups.service": {"enabled": "enabled"}}}
		with data.params.services.no_desktop_services.allowed as ["cups.service"]
}

test_fail_enabled if {
	no_desktop_services.persisted.verdict == "fail" with input.services as {"units": {"cups.service": {"enabled": "enabled"}}}
}

test_live if {
	no_desktop_services.live.params.names == ["cups.service"] with input.services as {"units": {"cups.service": {"enabled": "disabled", "active": "active"}}}
	no_desktop_services.live.verdict == "pass" with input.services as {"units": {"cups.service": {"enabled": "enabled", "active": "inactive"}, "cups.socket": {"enabled": "masked"}}}
}

test_unmeasured_live if {
	not no_desktop_services.live with input as {"families": {}}
	not no_desktop_services.live with input.services as {"units": {"cups.socket": {"enabled": "enabled"}}}
}

test_unmeasured_persisted if {
	not no_desktop_services.persisted with input as {"families": {}}
}
