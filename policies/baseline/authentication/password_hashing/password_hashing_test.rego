package baseline.authentication.password_hashing_test

import data.baseline.authentication.password_hashing

pam(args) := {"pam": {"services": {"passwd": [{"type": "password", "control": "required", "module": "pam_unix.so", "args": args}]}}}

test_success_strong if {
	password_hashing.persisted.verdict == "pass" with input as pam(["obscure", "yescrypt"])
	password_hashing.persisted.params.seen == "sha512" with input as object.union(pam([]), {"accounts": {"login_defs": {"ENCRYPT_METHOD": "SHA512"}}})
	password_hashing.applies == true with input as pam([])
}

test_fail_weak if {
	password_hashing.persisted.verdict == "fail" with input as pam(["md5"])
	password_hashing.persisted.verdict == "fail" with input as object.union(pam([]), {"accounts": {"login_defs": {"ENCRYPT_METHOD": "DES"}}})
}

test_unmeasured_persisted if {
	not password_hashing.persisted with input as {"families": {}}
	not password_hashing.persisted with input as pam([])
}

test_not_applicable if {
	password_hashing.applies == false with input.families.pam.state as "not_applicable"
}
