package baseline.accounts.weak_hash_test

import data.baseline.accounts.weak_hash

accounts(state, algorithm) := {"shadow_read": true, "users": [{"name": "a", "password": {"state": state, "algorithm": algorithm}}]}

test_success_strong if {
	every algorithm in ["yescrypt", "sha512", "sha256", "bcrypt", "unknown"] {
		weak_hash.persisted.verdict == "pass" with input.accounts as accounts("set", algorithm)
	}
	weak_hash.persisted.verdict == "pass" with input.accounts as accounts("locked", "md5")
}

test_fail_weak if {
	every algorithm in ["des", "md5", "nt"] {
		weak_hash.persisted.verdict == "fail" with input.accounts as accounts("set", algorithm)
	}
}

test_unmeasured_persisted if {
	not weak_hash.persisted with input as {"families": {}}
	not weak_hash.persisted with input.accounts as {"shadow_read": false, "users": [{"name": "root"}]}
}
