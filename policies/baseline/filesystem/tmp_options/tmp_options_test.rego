package baseline.filesystem.tmp_options_test

import data.baseline.filesystem.tmp_options

mount(options) := [
	{"target": "/", "options": ["rw"]},
	{"target": "/tmp", "options": ["rw"], "origin": "fstab"},
	{"target": "/tmp", "options": options, "origin": "unit:tmp.mount"},
]

test_success_set if {
	every_option := ["rw", "nosuid", "nodev", "noexec", "relatime"]
	tmp_options.persisted.verdict == "pass" with input.mounts.fstab as mount(every_option)
	tmp_options.live.verdict == "pass" with input.mounts.live as mount(every_option)
	tmp_options.live.verdict == "pass" with input.mounts.live as mount(["nosuid"]) with data.params.filesystem.tmp_options.options as ["nosuid"]
}

test_fail_missing if {
	tmp_options.persisted.params.found == ["noexec"] with input.mounts.fstab as mount(["nosuid", "nodev"])
	tmp_options.live.reason == "missing" with input.mounts.live as mount(["nosuid"])
}

test_fail_taken_back if {
	tmp_options.persisted.params.found == ["noexec"] with input.mounts.fstab as mount(["noexec", "nosuid", "nodev", "exec"])
	tmp_options.persisted.verdict == "pass" with input.mounts.fstab as mount(["exec", "nosuid", "nodev", "noexec"])
}

test_fail_not_separate if {
	tmp_options.persisted.reason == "not_separate" with input.mounts.fstab as []
	tmp_options.live.reason == "not_separate" with input.mounts.live as [{"target": "/", "options": []}]
}

test_unmeasured_persisted if {
	not tmp_options.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not tmp_options.live with input as {"families": {}}
}
