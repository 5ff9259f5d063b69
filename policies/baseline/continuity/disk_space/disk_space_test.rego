package baseline.continuity.disk_space_test

import data.baseline.continuity.disk_space

usage(space, inodes) := {"mounts": {"usage": [{"target": "/", "used_percent": space, "inodes_used_percent": inodes}]}}

test_success_room if {
	disk_space.live.verdict == "pass" with input as usage(40.2, 10)
}

test_fail_full if {
	disk_space.live.params.percent == 97 with input as usage(96.6, 10)
	disk_space.live.verdict == "fail" with input as usage(40, 99)
}

test_unmeasured_live if {
	not disk_space.live with input as {"families": {}}
	not disk_space.live with input.mounts as {"usage": []}
}
