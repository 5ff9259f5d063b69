package baseline.kernel.rare_protocols_test

import data.baseline.kernel.rare_protocols

modprobe(available, install, blacklisted) := {"available": available, "install": install, "blacklisted": blacklisted}

all_off := {"dccp": "/bin/false", "sctp": "/bin/true", "rds": "/usr/bin/false", "tipc": "/bin/false"}

test_success_closed if {
	rare_protocols.persisted.verdict == "pass" with input.kernel.modprobe as modprobe([], {}, [])
	rare_protocols.persisted.verdict == "pass" with input.kernel.modprobe as modprobe(["dccp", "rds"], {"dccp": "/bin/false"}, ["rds"])
	rare_protocols.persisted.verdict == "pass" with input.kernel.modprobe as {"install": all_off, "blacklisted": []}
	rare_protocols.live.verdict == "pass" with input.kernel.modules as [{"name": "ext4"}]
}

test_fail_open if {
	rare_protocols.persisted.params.found == ["rds"] with input.kernel.modprobe as modprobe(["dccp", "rds"], {"dccp": "/bin/false"}, [])
	rare_protocols.live.params.found == ["tipc"] with input.kernel.modules as [{"name": "tipc"}]
}

test_unmeasured_persisted if {
	not rare_protocols.persisted with input as {"families": {}}
	not rare_protocols.persisted with input.kernel.modprobe as {"install": {}, "blacklisted": []}
}

test_unmeasured_live if {
	not rare_protocols.live with input as {"families": {}}
}
