package baseline.filesystem.free_space_test

import data.baseline.filesystem.free_space

test_success_room if {
	free_space.live.verdict == "pass" with input.mounts.usage as [{"target": "/", "used_percent": 80, "inodes_used_percent": 3}]
}

test_fail_full if {
	free_space.live.params.found == ["/ 98 %"] with input.mounts.usage as [{"target": "/", "used_percent": 97.8}]
	free_space.live.verdict == "fail" with input.mounts.usage as [{"target": "/", "used_percent": 10, "inodes_used_percent": 99}]
}

test_unmeasured_live if {
	not free_space.live with input as {"families": {}}
	not free_space.live with input.mounts.usage as []
}
