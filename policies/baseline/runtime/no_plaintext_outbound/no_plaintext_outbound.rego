# METADATA
# title: No program logs in elsewhere in the clear
# description: >-
#   The kernel saw this host connect to telnet, FTP, rlogin or rsh elsewhere. Whatever was typed there, passwords
#   included, could be read on the way.
# custom:
#   uk:
#     title: Жодна програма не входить деінде відкритим текстом
#     rationale: >-
#       Ядро зафіксувало з'єднання цього вузла з telnet, FTP, rlogin чи rsh на інших машинах. Усе введене там, зокрема
#       паролі, можна було прочитати на шляху.
#   severity: medium
#   severity_reason:
#     en: The password of another system is in the open.
#     uk: Пароль іншої системи передано відкрито.
#   capability: remote_access
#   halves: [live]
#   facts: [runtime]
#   aliases: [NET-11, NET-04]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.DS-02, DE.CM-01]
#     cis8: ["3.10", "12.6"]
#     nist80053: [AC-17, SC-8]
#     iso27001: [A.8.20, A.8.24]
#   remedy:
#     en: >-
#       Replace the use by SSH, SFTP or HTTPS, and change the passwords that were sent.
#     uk: >-
#       Замініть на SSH, SFTP або HTTPS і змініть паролі, які передавалися.
#   reasons:
#     seen:
#       en: "Seen: {names}."
#       uk: "Зафіксовано: {names}."
#     none:
#       en: "No such connection was seen."
#       uk: "Таких з'єднань не зафіксовано."
package baseline.runtime.no_plaintext_outbound

import data.lib.plaintext

found := [c |
	some c in input.runtime.connections
	c.direction == "out"
	c.peer_class != "loopback"
	plaintext.tcp[c.port]
	not plaintext.is_syslog(c)
]

names := {sprintf("%s (%s)", [c.program, plaintext.tcp[c.port]]) | some c in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"connections": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	proven
	is_array(input.runtime.connections)
	not input.runtime.truncated
}

# the probe that sees connections has shown that it works
proven if {
	some hook in input.runtime.hooks
	hook.event == "tcp_connect"
	hook.state == "proven"
}
