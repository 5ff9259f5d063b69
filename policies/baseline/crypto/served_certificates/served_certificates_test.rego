package baseline.crypto.served_certificates_test

import data.baseline.crypto.served_certificates

served(days, size, signature) := {"certificates": {"served": [{"port": 443, "days_left": days, "key_type": "rsa", "key_bits": size, "signature": signature}]}}

test_success_good if {
	served_certificates.live.verdict == "pass" with input as served(60, 2048, "SHA256-RSA")
}

test_fail_expiring_or_weak if {
	served_certificates.live.reason == "expiring" with input as served(-2, 2048, "SHA256-RSA")
	served_certificates.live.reason == "weak" with input as served(60, 1024, "SHA256-RSA")
	served_certificates.live.reason == "weak" with input as served(60, 2048, "SHA1-RSA")
	served_certificates.live.reason == "weak" with input.certificates as {"served": [{"port": 443, "days_left": 60, "key_type": "ecdsa", "key_bits": 192, "signature": "ECDSA-SHA256"}]}
}

test_unmeasured_live if {
	not served_certificates.live with input as {"families": {}}
	not served_certificates.live with input.certificates as {"served": [{"port": 443}]}
}

test_not_applicable if {
	served_certificates.applies == false with input.certificates as {"served": []}
}
