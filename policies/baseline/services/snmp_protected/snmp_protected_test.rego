package baseline.services.snmp_protected_test

import data.baseline.services.snmp_protected

test_success_protected if {
	snmp_protected.persisted.verdict == "pass" with input.snmp as {"installed": true, "v1_v2": false}
	snmp_protected.persisted.verdict == "pass" with input.snmp as {"installed": true, "v1_v2": true, "loopback_only": true}
}

test_fail_community if {
	snmp_protected.persisted.reason == "default" with input.snmp as {"installed": true, "v1_v2": true, "default_community": true}
	snmp_protected.persisted.reason == "community" with input.snmp as {"installed": true, "v1_v2": true}
}

test_unmeasured_persisted if {
	not snmp_protected.persisted with input as {"families": {}}
	not snmp_protected.persisted with input.snmp as {"installed": true}
}

test_not_applicable if {
	snmp_protected.applies == false with input.snmp as {"installed": false}
}
