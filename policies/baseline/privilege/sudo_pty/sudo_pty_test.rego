package baseline.privilege.sudo_pty_test

import data.baseline.privilege.sudo_pty

pty(negated) := {"name": "use_pty", "negated": negated, "file": "/etc/sudoers"}

packages(version) := [{"name": "sudo", "version": version}]

test_success_own if {
	sudo_pty.persisted.verdict == "pass" with input.sudo.defaults as [pty(true), pty(false)]
	sudo_pty.persisted.verdict == "pass" with input.sudo.rules as [] with input.packages.installed as packages("1.9.16p2-1")
}

test_fail_shared if {
	sudo_pty.persisted.verdict == "fail" with input.sudo.defaults as [pty(false), pty(true)]
	sudo_pty.persisted.verdict == "fail" with input.sudo.rules as [] with input.packages.installed as packages("1.9.13p3-1+deb12u1")
}

test_unmeasured_persisted if {
	not sudo_pty.persisted with input as {"families": {}}
	not sudo_pty.persisted with input.sudo.rules as []
}

test_not_applicable if {
	sudo_pty.applies == false with input.sudo.installed as false
}
