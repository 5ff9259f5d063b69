package baseline.runtime.no_unusual_modules_test

import data.baseline.runtime.no_unusual_modules

seen(details, hook) := {"runtime": {
	"hooks": [object.union({"event": "module_load"}, hook)],
	"events": [{"kind": "module_load", "detail": d} | some d in details],
}}

test_success_none if {
	no_unusual_modules.live.reason == "none" with input as seen(["nf_tables", "xt_comment", "vfat"], {"state": "proven"})
	no_unusual_modules.live.reason == "cannot" with input as seen([], {"state": "off", "reason": "this kernel has no such thing"})
}

test_fail_seen if {
	no_unusual_modules.live.params.names == ["dccp"] with input as seen(["dccp", "loop"], {"state": "proven"})
	no_unusual_modules.live.params.names == ["xt_hide (OE)"] with input as seen(["xt_hide (OE)"], {"state": "proven"})
}

test_fail_names_who if {
	loaded := [
		{"kind": "module_load", "detail": "dccp", "program": "/usr/bin/kmod", "parent": "bash"},
		{"kind": "module_load", "detail": "loop [not listed]", "program": "x"},
	]
	no_unusual_modules.live.params.names == ["dccp (kmod ← bash)", "loop [not listed] (x)"] with input as seen([], {"state": "proven"})
		with input.runtime.events as loaded
}

test_unmeasured_live if {
	not no_unusual_modules.live with input as {"families": {}}
	not no_unusual_modules.live with input as seen([], {"state": "off"})
}
