package baseline.integrity.no_preload_test

import data.baseline.integrity.no_preload

test_success_none if {
	no_preload.persisted.verdict == "pass" with input.integrity as {"ld_preload": []}
	no_preload.live.verdict == "pass" with input.processes as {"ld_preload": []}
}

test_fail_preload if {
	no_preload.persisted.verdict == "fail" with input.integrity as {"ld_preload": ["/lib/evil.so"]}
	no_preload.live.params.names == ["sshd"] with input.processes as {"ld_preload": [{"pid": 3, "name": "sshd"}]}
}

test_unmeasured_persisted if {
	not no_preload.persisted with input as {"families": {}}
	not no_preload.persisted with input.integrity as {}
}

test_unmeasured_live if {
	not no_preload.live with input as {"families": {}}
	not no_preload.live with input.processes as {}
}
