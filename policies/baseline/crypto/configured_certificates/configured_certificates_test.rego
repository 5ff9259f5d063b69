package baseline.crypto.configured_certificates_test

import data.baseline.crypto.configured_certificates

files(changes) := {"certificates": {"files": [
	object.union({"path": "/etc/ssl/a.pem", "configured": true, "days_left": 60, "key_type": "rsa", "key_bits": 2048, "signature": "SHA256-RSA"}, changes),
	{"path": "/etc/ssl/old.pem", "days_left": -400, "key_type": "rsa", "key_bits": 1024, "signature": "SHA1-RSA"},
]}}

test_success_good if {
	configured_certificates.persisted.verdict == "pass" with input as files({})
	configured_certificates.applies == true with input as files({})
}

test_fail_expiring if {
	configured_certificates.persisted.params == {"path": "/etc/ssl/a.pem", "days": 3} with input as files({"days_left": 3})
	configured_certificates.persisted.reason == "expiring" with input as files({"days_left": 0})
	configured_certificates.persisted.reason == "expiring" with input as files({"days_left": -1})
}

test_fail_weak if {
	configured_certificates.persisted.reason == "weak" with input as files({"key_bits": 1024})
	configured_certificates.persisted.reason == "weak" with input as files({"key_type": "ecdsa", "key_bits": 192, "signature": "ECDSA-SHA256"})
	configured_certificates.persisted.reason == "weak" with input as files({"signature": "SHA1-RSA"})
}

test_unmeasured_persisted if {
	not configured_certificates.persisted with input as {"families": {}}
}

test_not_applicable if {
	configured_certificates.applies == false with input as {"certificates": {"files": []}}
	configured_certificates.applies == false with input as files({"configured": false})
}
