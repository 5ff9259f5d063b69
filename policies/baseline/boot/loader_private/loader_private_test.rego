package baseline.boot.loader_private_test

import data.baseline.boot.loader_private

grub(mode, uid) := {"/boot/grub/grub.cfg": {"path": "/boot/grub/grub.cfg", "kind": "file", "mode": mode, "uid": uid, "gid": 0}}

absent := {p: {"path": p, "kind": "absent"} | some p in ["/boot/grub/grub.cfg", "/boot/grub/user.cfg", "/boot/grub2/grub.cfg", "/boot/grub2/user.cfg", "/boot/loader/loader.conf"]}

test_success_closed if {
	loader_private.persisted.verdict == "pass" with input.files.paths as grub("0600", 0)
	loader_private.applies == true with input.files.paths as grub("0600", 0)
}

test_fail_open if {
	loader_private.persisted.verdict == "fail" with input.files.paths as grub("0644", 0)
	loader_private.persisted.verdict == "fail" with input.files.paths as grub("0600", 1000)
}

test_unmeasured_persisted if {
	not loader_private.persisted with input as {"families": {}}
}

test_not_applicable if {
	loader_private.applies == false with input.files.paths as absent
}
