package baseline.filesystem.rare_filesystems_test

import data.baseline.filesystem.rare_filesystems

every_module := {"cramfs": "/bin/false", "freevxfs": "/bin/true", "hfs": "/bin/false", "hfsplus": "/bin/false", "jffs2": "/bin/false"}

test_success_closed if {
	rare_filesystems.persisted.verdict == "pass" with input.kernel.modprobe as {"available": [], "install": {}, "blacklisted": []}
	rare_filesystems.persisted.verdict == "pass" with input.kernel.modprobe as {"install": every_module, "blacklisted": []}
	rare_filesystems.live.verdict == "pass" with input.kernel.modules as [{"name": "ext4"}]
}

test_fail_open if {
	rare_filesystems.persisted.params.found == ["hfs"] with input.kernel.modprobe as {"available": ["hfs"], "install": {}, "blacklisted": ["hfsplus"]}
	rare_filesystems.live.verdict == "fail" with input.kernel.modules as [{"name": "jffs2"}]
}

test_unmeasured_persisted if {
	not rare_filesystems.persisted with input as {"families": {}}
	not rare_filesystems.persisted with input.kernel.modprobe as {"install": {}, "blacklisted": []}
}

test_unmeasured_live if {
	not rare_filesystems.live with input as {"families": {}}
}
