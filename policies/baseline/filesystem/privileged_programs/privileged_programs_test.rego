package baseline.filesystem.privileged_programs_test

import data.baseline.filesystem.privileged_programs

found(programs) := {"owners_known": true, "complete": true, "set_id": programs}

su := {"path": "/usr/bin/su", "mode": "4755", "package": "util-linux"}

test_success_packaged if {
	privileged_programs.persisted.params.count == 1 with input.walk as found([su])
	privileged_programs.persisted.verdict == "pass" with input.walk as found([su, {"path": "/var/lib/docker/overlay2/x/bin/su"}])
	privileged_programs.persisted.verdict == "pass" with input.walk as found([{"path": "/opt/tool"}])
		with data.params.filesystem.privileged_programs.approved as ["/opt/tool"]
}

test_fail_foreign if {
	privileged_programs.persisted.params.files == ["/usr/local/bin/rootsh"] with input.walk as found([su, {"path": "/usr/local/bin/rootsh"}])
	privileged_programs.persisted.verdict == "fail" with input.walk as object.union(found([su]), {"capable": [{"path": "/opt/x", "capabilities": ["cap_setuid"]}]})
}

test_unmeasured_persisted if {
	not privileged_programs.persisted with input as {"families": {}}
	not privileged_programs.persisted with input.walk as {"complete": true, "set_id": [{"path": "/usr/bin/su"}]}
	not privileged_programs.persisted with input.walk as object.union(found([su]), {"complete": false})
	not privileged_programs.persisted with input.walk as object.union(found([su]), {"truncated": true})
}
