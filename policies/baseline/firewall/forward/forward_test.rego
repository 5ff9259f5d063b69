package baseline.firewall.forward_test

import data.baseline.firewall.forward

test_success_closed if {
	forward.live.verdict == "pass" with input.firewall.input as {"forward": "drop"}
	forward.persisted.verdict == "pass" with input.firewall as {"manager": "fw4", "manager_enabled": true, "configured": {"forward": "reject"}}
}

test_fail_open if {
	forward.live.verdict == "fail" with input.firewall.input as {"forward": "accept"}
	forward.persisted.verdict == "fail" with input.firewall as {"manager": "fw4", "manager_enabled": true, "configured": {"forward": "accept"}}
}

test_unmeasured_persisted if {
	not forward.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not forward.live with input as {"families": {}}
}

test_not_applicable if {
	forward.applies == false with input as {"host": {"role": "server"}, "firewall": {}}
	forward.applies == true with input as {"host": {"role": "appliance"}, "firewall": {}}
}
