package baseline.runtime.no_scripts_from_temp_test

import data.baseline.runtime.no_scripts_from_temp

seen(flags, state) := {"runtime": {
	"hooks": [{"event": "exec", "state": state}],
	"programs": [{"path": "/usr/bin/python3", "flags": flags}, {"path": "/bin/ls"}],
}}

test_success_none if {
	no_scripts_from_temp.live.verdict == "pass" with input as seen(["script"], "proven")
}

test_fail_seen if {
	no_scripts_from_temp.live.params.names == ["/usr/bin/python3"] with input as seen(["script", "script_temporary_dir"], "proven")
}

test_unmeasured_live if {
	not no_scripts_from_temp.live with input as {"families": {}}
	not no_scripts_from_temp.live with input as seen([], "silent")
}

test_unmeasured_live_poorer_hook if {
	not no_scripts_from_temp.live with input as {"runtime": {
		"hooks": [{"event": "exec", "state": "proven", "kind": "tracepoint"}],
		"programs": [], "events": [],
	}}
}
