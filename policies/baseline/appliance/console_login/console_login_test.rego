package baseline.appliance.console_login_test

import data.baseline.appliance.console_login

system(doc) := {"openwrt": {"uci": {"system": {"@system[0]": object.union({".type": ["system"]}, doc)}}}}

test_success_asks if {
	console_login.persisted.verdict == "pass" with input as system({"ttylogin": ["1"]})
}

test_fail_open if {
	console_login.persisted.verdict == "fail" with input as system({"ttylogin": ["0"]})
	console_login.persisted.verdict == "fail" with input as system({})
}

test_unmeasured_persisted if {
	not console_login.persisted with input as {"families": {}}
	not console_login.persisted with input.openwrt as {}
}

test_not_applicable if {
	console_login.applies == false with input.families.openwrt.state as "not_applicable"
	console_login.applies == true with input.openwrt as {}
}
