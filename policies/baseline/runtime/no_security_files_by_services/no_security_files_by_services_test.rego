package baseline.runtime.no_security_files_by_services_test

import data.baseline.runtime.no_security_files_by_services

seen(list, state) := {
	"sockets": {"listeners": [{"program": "nginx", "exposure": "all"}, {"program": "systemd", "exposure": "all"}, {"program": "exim", "exposure": "loopback"}, {"program": "MainThread", "exe": "/usr/bin/node", "exposure": "all"}]},
	"runtime": {"hooks": [{"event": "sensitive_write", "state": state}], "events": list},
}

write(program) := {"kind": "sensitive_write", "program": program, "detail": "written /etc/passwd"}

test_success_none if {
	no_security_files_by_services.live.verdict == "pass" with input as seen([write("useradd"), write("systemd"), write("exim")], "proven")
}

test_fail_seen if {
	no_security_files_by_services.live.params.names == ["/usr/sbin/nginx: written /etc/passwd"] with input as seen([write("/usr/sbin/nginx")], "proven")
	no_security_files_by_services.live.verdict == "fail" with input as seen([write("/srv/node/bin/node")], "proven")
	no_security_files_by_services.live.verdict == "fail" with input as seen([write("curl")], "proven")
}

test_unmeasured_live if {
	not no_security_files_by_services.live with input as {"families": {}}
	not no_security_files_by_services.live with input as seen([], "refused")
	not no_security_files_by_services.live with input as object.remove(seen([], "proven"), ["sockets"])
}
