# METADATA
# title: No service takes passwords in the clear
# description: >-
#   Telnet, rlogin, rsh, TFTP and FTP send passwords or files in the clear. The files must not start them, and nothing
#   may answer the network on their ports now. FTP that insists on TLS can be allowed by the parameter.
# custom:
#   uk:
#     title: Жодна служба не приймає паролів відкритим текстом
#     rationale: >-
#       Telnet, rlogin, rsh, TFTP та FTP передають паролі чи файли відкрито. Файли не повинні їх запускати, і зараз на
#       їхніх портах нічого не має відповідати в мережі. FTP, що вимагає TLS, можна дозволити параметром.
#   severity: high
#   severity_reason:
#     en: Anyone on the path reads the password.
#     uk: Пароль прочитає кожен, хто на шляху.
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [services, sockets]
#   aliases: [NET-04, SVC-01]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: allowed_ports
#       default: []
#       meaning:
#         en: ports that are meant to answer
#         uk: порти, на яких відповідь передбачено
#   mappings:
#     csf2: [PR.DS-02, PR.PS-01]
#     cis8: ["4.6", "4.8", "12.3"]
#     nist80053: [AC-17, CM-7, SC-8]
#     iso27001: [A.8.20, A.8.9]
#   remedy:
#     en: >-
#       Disable the service and use SSH or SFTP instead. Devices that know nothing else belong into a network of their
#       own.
#     uk: >-
#       Вимкніть службу й натомість користуйтеся SSH або SFTP. Пристроям, що не знають іншого, місце в окремій мережі.
#   remedy_commands:
#     debian: |-
#       systemctl disable --now telnet.socket inetd.service vsftpd.service tftpd-hpa.service 2>/dev/null
#     rhel: |-
#       systemctl disable --now telnet.socket vsftpd.service tftp.socket 2>/dev/null
#     openwrt: |-
#       /etc/init.d/telnet disable; /etc/init.d/telnet stop
#   reasons:
#     enabled:
#       en: "Starts at boot: {names}."
#       uk: "Запускаються під час завантаження: {names}."
#     disabled:
#       en: "No such service starts at boot."
#       uk: "Такі служби під час завантаження не запускаються."
#     answers:
#       en: "Answers the network: {names}."
#       uk: "Відповідає в мережі: {names}."
#     silent:
#       en: "No such service answers the network."
#       uk: "Такі служби в мережі не відповідають."
package baseline.services.no_plaintext_management

import data.lib.plaintext

unit_names := {
	"telnet.socket", "telnetd.service", "telnet", "telnetd", "in.telnetd",
	"rsh.socket", "rlogin.socket", "rexec.socket",
	"tftp.socket", "tftp.service", "tftpd-hpa.service", "atftpd.service",
	"vsftpd.service", "vsftpd", "proftpd.service", "pure-ftpd.service", "ftpd",
}

enabled contains name if {
	some name, unit in input.services.units
	name in unit_names
	unit.enabled == "enabled"
}

# what the super-server starts, where that starts itself
enabled contains sprintf("%s (%s)", [service, name]) if {
	some name in {"xinetd.service", "inetd.service", "openbsd-inetd.service", "inetutils-inetd.service"}
	input.services.units[name].enabled == "enabled"
	some service in input.services.inetd
	service in {"telnet", "ftp", "tftp", "shell", "login", "exec", "rsh", "rlogin", "rexec"}
}

ports := {
	"tcp": plaintext.tcp,
	"udp": {69: "tftp"},
}

answering := [sprintf("%s (%d)", [ports[protocol][l.port], l.port]) |
	some l in input.sockets.listeners
	l.exposure != "loopback"
	protocol := trim_suffix(l.protocol, "6")
	ports[protocol][l.port]
	not l.port in data.params.services.no_plaintext_management.allowed_ports
	not plaintext.is_syslog(l)
]

persisted := {"verdict": "fail", "reason": "enabled", "params": {"names": sort(enabled)}, "evidence": {"units": sort(enabled)}} if {
	count(enabled) > 0
} else := {"verdict": "pass", "reason": "disabled"} if {
	is_object(input.services.units)
}

live := {"verdict": "fail", "reason": "answers", "params": {"names": sort(answering)}, "evidence": {"listeners": sort(answering)}} if {
	count(answering) > 0
} else := {"verdict": "pass", "reason": "silent"} if {
	is_array(input.sockets.listeners)
}
