package baseline.boot.loader_files_test

import data.baseline.boot.loader_files

grub(mode, uid) := {"/boot/grub/grub.cfg": {"path": "/boot/grub/grub.cfg", "kind": "file", "mode": mode, "uid": uid, "gid": 0}}

absent := {p: {"path": p, "kind": "absent"} | some p in ["/boot/grub/grub.cfg", "/boot/grub/user.cfg", "/boot/grub2/grub.cfg", "/boot/grub2/user.cfg", "/boot/loader/loader.conf"]}

test_success_closed if {
	loader_files.persisted.verdict == "pass" with input.files.paths as grub("0444", 0)
	loader_files.applies == true with input.files.paths as grub("0444", 0)
}

test_fail_open if {
	loader_files.persisted.verdict == "fail" with input.files.paths as grub("0646", 0)
	loader_files.persisted.verdict == "fail" with input.files.paths as grub("0600", 1000)
}

test_unmeasured_persisted if {
	not loader_files.persisted with input as {"families": {}}
}

test_not_applicable if {
	loader_files.applies == false with input.files.paths as absent
}
