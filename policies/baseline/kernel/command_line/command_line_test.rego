package baseline.kernel.command_line_test

import data.baseline.kernel.command_line

test_success_usual if {
	words := ["BOOT_IMAGE=/vmlinuz", "root=UUID=1", "ro", "quiet", "audit=1", "init=/etc/preinit"]
	command_line.persisted.verdict == "pass" with input.kernel.cmdline_configured as words
	command_line.live.verdict == "pass" with input.kernel.cmdline as words
}

test_fail_switched_off if {
	every word in ["mitigations=off", "apparmor=0", "selinux=0", "audit=0", "nokaslr", "init=/bin/sh", "spectre_v2=off"] {
		command_line.persisted.params.found == [word] with input.kernel.cmdline_configured as ["ro", word]
		command_line.live.verdict == "fail" with input.kernel.cmdline as ["ro", word]
	}
}

test_unmeasured_persisted if {
	not command_line.persisted with input as {"families": {}}
	not command_line.persisted with input.kernel as {"cmdline": []}
}

test_unmeasured_live if {
	not command_line.live with input as {"families": {}}
	not command_line.live with input.kernel as {"cmdline_configured": []}
}
