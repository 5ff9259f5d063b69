package baseline.firewall.single_backend_test

import data.baseline.firewall.single_backend

test_success_single if {
	single_backend.live.verdict == "pass" with input.firewall.backends as ["nftables"]
	single_backend.live.verdict == "pass" with input.firewall.backends as []
}

test_fail_mixed if {
	single_backend.live.verdict == "fail" with input.firewall.backends as ["nftables", "iptables-legacy"]
}

test_unmeasured_live if {
	not single_backend.live with input as {"families": {}}
	not single_backend.live with input.firewall as {}
}
