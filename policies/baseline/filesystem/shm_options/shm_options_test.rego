package baseline.filesystem.shm_options_test

import data.baseline.filesystem.shm_options

mount(options) := [{"target": "/dev/shm", "options": options, "origin": "fstab"}]

test_success_set if {
	every_option := ["nosuid", "nodev", "noexec"]
	shm_options.persisted.verdict == "pass" with input.mounts.fstab as mount(every_option)
	shm_options.live.verdict == "pass" with input.mounts.live as mount(every_option)
}

test_fail_missing if {
	shm_options.persisted.params.found == ["noexec"] with input as {"mounts": {"fstab": []}, "services": {"init": "systemd"}}
	shm_options.persisted.verdict == "fail" with input.mounts.fstab as mount(["nodev"])
	shm_options.live.verdict == "fail" with input.mounts.live as mount(["nodev", "nosuid"])
}

test_unmeasured_persisted if {
	not shm_options.persisted with input as {"families": {}}
	not shm_options.persisted with input as {"mounts": {"fstab": []}, "services": {"init": "openrc"}}
}

test_unmeasured_live if {
	not shm_options.live with input as {"families": {}}
	not shm_options.live with input.mounts.live as []
}
