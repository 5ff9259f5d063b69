package baseline.services.listeners_from_packages_test

import data.baseline.services.listeners_from_packages

listener(exe, known) := {"sockets": {"listeners": [
	{"port": 80, "exposure": "all", "exe": exe, "package_known": known},
	{"port": 631, "exposure": "loopback", "exe": "/opt/x"},
]}}

test_success_known if {
	listeners_from_packages.live.verdict == "pass" with input as {"sockets": {"listeners": [{"port": 22, "exposure": "all", "exe": "/usr/sbin/sshd", "package_known": true, "package": "openssh-server"}]}}
	listeners_from_packages.live.verdict == "pass" with input as listener("/usr/bin/vymir-agent", false)
	listeners_from_packages.live.verdict == "pass" with input as listener("/srv/app/run", true) with data.params.services.listeners_from_packages.allowed as ["/srv/app/*"]
}

test_fail_unknown if {
	listeners_from_packages.live.params.names == ["/tmp/x"] with input as listener("/tmp/x", true)
}

test_fail_code_of_an_interpreter if {
	perl := {"exe": "/usr/bin/perl", "exposure": "all", "package_known": true, "port": 31337, "script": "-"}
	listeners_from_packages.live.params.names == ["/usr/bin/perl (31337)"] with input.sockets.listeners as [perl]
	listeners_from_packages.live.params.names == ["/usr/bin/perl (/opt/x.pl)"] with input.sockets.listeners as [object.union(perl, {"script": "/opt/x.pl"})]
	listeners_from_packages.live.verdict == "pass" with input.sockets.listeners as [object.union(perl, {"script": "/usr/sbin/munin-node", "package": "munin-node"})]
}

test_unmeasured_live if {
	not listeners_from_packages.live with input as {"families": {}}
	not listeners_from_packages.live with input as listener("/tmp/x", false)
	not listeners_from_packages.live with input.sockets as {"listeners": [{"port": 22, "exposure": "all"}]}
}
