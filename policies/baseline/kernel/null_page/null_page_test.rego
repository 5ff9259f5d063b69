package baseline.kernel.null_page_test

import data.baseline.kernel.null_page

test_success_wanted if {
	null_page.persisted.verdict == "pass" with input.sysctl.configured as {"vm.mmap_min_addr": {"value": "65536", "file": "/etc/sysctl.d/a.conf"}}
	null_page.live.verdict == "pass" with input.sysctl.live as {"vm.mmap_min_addr": "65536"}
}

test_success_built_in if {
	null_page.persisted.verdict == "pass" with input.sysctl as {"configured": {}, "defaults": {"vm.mmap_min_addr": "65536"}}
}

test_fail_otherwise if {
	every bad in [{"vm.mmap_min_addr": {"value": "0", "file": "/etc/sysctl.d/a.conf"}}, {"vm.mmap_min_addr": {"value": "4096", "file": "/etc/sysctl.d/a.conf"}}] {
		null_page.persisted.verdict == "fail" with input.sysctl as {"configured": bad, "defaults": {"vm.mmap_min_addr": "65536"}}
	}
	every bad in [{"vm.mmap_min_addr": "0"}, {"vm.mmap_min_addr": "4096"}] {
		null_page.live.verdict == "fail" with input.sysctl.live as bad
	}
}

test_unmeasured_persisted if {
	not null_page.persisted with input as {"families": {}}
	not null_page.persisted with input.sysctl as {"configured": {}}
}

test_unmeasured_live if {
	not null_page.live with input as {"families": {}}
	not null_page.live with input.sysctl as {"live": {}}
}
