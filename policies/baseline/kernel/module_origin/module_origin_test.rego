package baseline.kernel.module_origin_test

import data.baseline.kernel.module_origin

test_success_signed if {
	module_origin.live.reason == "signed" with input.kernel.modules as [{"name": "ext4"}, {"name": "zfs", "taint": "PO"}]
	module_origin.live.reason == "no_modules" with input.kernel.modules as []
}

test_fail_unsigned if {
	module_origin.live.params.found == ["diamorphine (OE)"] with input.kernel.modules as [{"name": "ext4"}, {"name": "diamorphine", "taint": "OE"}]
}

test_unmeasured_live if {
	not module_origin.live with input as {"families": {}}
}
