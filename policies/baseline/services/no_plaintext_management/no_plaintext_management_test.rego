package baseline.services.no_plaintext_management_test

import data.baseline.services.no_plaintext_management

test_success_none if {
	no_plaintext_management.persisted.verdict == "pass" with input.services as {"units": {"ssh.service": {"enabled": "enabled"}, "vsftpd.service": {"enabled": "masked"}}}
	no_plaintext_management.live.verdict == "pass" with input.sockets as {"listeners": [
		{"protocol": "tcp", "port": 23, "exposure": "loopback"},
		{"protocol": "tcp6", "port": 514, "exposure": "all", "program": "rsyslogd"},
		{"protocol": "tcp", "port": 22, "exposure": "all"},
	]}
}

test_fail_telnet if {
	no_plaintext_management.persisted.params.names == ["telnet.socket"] with input.services as {"units": {"telnet.socket": {"enabled": "enabled"}}}
	no_plaintext_management.live.params.names == ["telnet (23)"] with input.sockets as {"listeners": [{"protocol": "tcp6", "port": 23, "exposure": "all"}]}
	no_plaintext_management.live.params.names == ["tftp (69)"] with input.sockets as {"listeners": [{"protocol": "udp", "port": 69, "exposure": "private"}]}
}

test_fail_by_super_server if {
	no_plaintext_management.persisted.params.names == ["telnet (xinetd.service)"] with input.services as {"units": {"xinetd.service": {"enabled": "enabled"}}, "inetd": ["echo", "telnet"]}
	no_plaintext_management.persisted.verdict == "pass" with input.services as {"units": {"xinetd.service": {"enabled": "disabled"}}, "inetd": ["telnet"]}
}

test_unmeasured_persisted if {
	not no_plaintext_management.persisted with input as {"families": {}}
}

test_unmeasured_live if {
	not no_plaintext_management.live with input as {"families": {}}
}
