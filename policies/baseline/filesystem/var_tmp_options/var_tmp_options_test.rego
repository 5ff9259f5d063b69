package baseline.filesystem.var_tmp_options_test

import data.baseline.filesystem.var_tmp_options

mount(options) := [{"target": "/var/tmp", "options": options, "origin": "fstab"}]

test_success_set if {
	every_option := ["nosuid", "nodev", "noexec"]
	var_tmp_options.persisted.verdict == "pass" with input.mounts.fstab as mount(every_option)
	var_tmp_options.live.verdict == "pass" with input.mounts.live as mount(every_option)
	var_tmp_options.applies == true with input.mounts.fstab as mount(every_option)
	var_tmp_options.applies == true with input.mounts.live as mount(every_option)
}

test_fail_missing if {
	var_tmp_options.persisted.verdict == "fail" with input.mounts.fstab as mount(["nodev"])
	var_tmp_options.live.verdict == "fail" with input.mounts.live as mount(["nodev", "nosuid"])
}

test_unmeasured_persisted if {
	not var_tmp_options.persisted with input as {"families": {}}
	not var_tmp_options.applies with input as {"families": {}}
}

test_unmeasured_live if {
	not var_tmp_options.live with input as {"families": {}}
}

test_not_applicable if {
	var_tmp_options.applies == false with input.mounts as {"fstab": [], "live": [{"target": "/", "options": []}]}
}
