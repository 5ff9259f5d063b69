package baseline.privilege.sudoers_valid_test

import data.baseline.privilege.sudoers_valid

test_success_valid if {
	sudoers_valid.persisted.verdict == "pass" with input.sudo as {"installed": true, "rules": []}
}

test_fail_errors if {
	sudoers_valid.persisted.verdict == "fail" with input.sudo as {"installed": true, "rules": [], "errors": ["/etc/sudoers:3: syntax"]}
}

test_unmeasured_persisted if {
	not sudoers_valid.persisted with input as {"families": {}}
	not sudoers_valid.persisted with input.sudo as {"installed": true}
}

test_not_applicable if {
	sudoers_valid.applies == false with input.sudo.installed as false
}
