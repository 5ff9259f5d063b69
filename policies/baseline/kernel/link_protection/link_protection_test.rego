package baseline.kernel.link_protection_test

import data.baseline.kernel.link_protection

test_success_wanted if {
	link_protection.persisted.verdict == "pass" with input.sysctl.configured as {"fs.protected_symlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_hardlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_fifos": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_regular": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}
	link_protection.live.verdict == "pass" with input.sysctl.live as {"fs.protected_symlinks": "1", "fs.protected_hardlinks": "1", "fs.protected_fifos": "1", "fs.protected_regular": "2"}
}

test_success_built_in if {
	link_protection.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"fs.protected_symlinks": "1", "fs.protected_hardlinks": "1", "fs.protected_fifos": "1", "fs.protected_regular": "2"}}
}

test_fail_otherwise if {
	every bad in [{"fs.protected_symlinks": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_hardlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_fifos": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_regular": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}, {"fs.protected_symlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_hardlinks": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_fifos": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_regular": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}, {"fs.protected_symlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_hardlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_fifos": {"value": "0", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_regular": {"value": "2", "file": "/etc/sysctl.d/a.conf"}}, {"fs.protected_symlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_hardlinks": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_fifos": {"value": "1", "file": "/etc/sysctl.d/a.conf"}, "fs.protected_regular": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}] {
		link_protection.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"fs.protected_symlinks": "1", "fs.protected_hardlinks": "1", "fs.protected_fifos": "1", "fs.protected_regular": "2"}}
	}
	every bad in [{"fs.protected_symlinks": "0", "fs.protected_hardlinks": "1", "fs.protected_fifos": "1", "fs.protected_regular": "2"}, {"fs.protected_symlinks": "1", "fs.protected_hardlinks": "0", "fs.protected_fifos": "1", "fs.protected_regular": "2"}, {"fs.protected_symlinks": "1", "fs.protected_hardlinks": "1", "fs.protected_fifos": "0", "fs.protected_regular": "2"}, {"fs.protected_symlinks": "1", "fs.protected_hardlinks": "1", "fs.protected_fifos": "1", "fs.protected_regular": "0"}] {
		link_protection.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not link_protection.persisted with input as {"families": {}}
	not link_protection.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not link_protection.live with input as {"families": {}}
	not link_protection.live with input.sysctl as {"live": {}}
}
