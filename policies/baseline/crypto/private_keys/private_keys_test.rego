package baseline.crypto.private_keys_test

import data.baseline.crypto.private_keys

test_success_closed if {
	private_keys.persisted.verdict == "pass" with input.certificates as {"private_keys": [{"path": "/etc/ssl/private/a.key", "mode": "0640"}]}
}

test_fail_open if {
	private_keys.persisted.params.paths == ["/etc/a.key"] with input.certificates as {"private_keys": [{"path": "/etc/a.key", "world_readable": true}]}
}

test_unmeasured_persisted if {
	not private_keys.persisted with input as {"families": {}}
	not private_keys.persisted with input.certificates as {}
}
