# METADATA
# title: No program logs in elsewhere in the clear
# description: >-
#   The kernel saw this host connect to the ports of telnet, FTP, rlogin or rsh elsewhere, or recognised by the first
#   bytes, whatever the port, a protocol that sends passwords in the clear. Whatever was typed there could be read on the
#   way.
# custom:
#   uk:
#     title: Жодна програма не входить деінде відкритим текстом
#     rationale: >-
#       Ядро зафіксувало з'єднання цього вузла з портами telnet, FTP, rlogin чи rsh на інших машинах або за першими
#       байтами, незалежно від порту, розпізнало протокол, який передає паролі відкрито. Усе введене там можна було
#       прочитати на шляху.
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
import data.lib.probes

protocols := {"telnet", "ftp", "pop3", "imap", "ldap", "smtp_auth"}

found := [c |
	some c in input.runtime.connections
	c.direction == "out"
	c.peer_class != "loopback"
	plaintext.tcp[c.port]
	not plaintext.is_syslog(c)
]

# what was mended stops to count after a week
spoken := [s |
	some s in input.runtime.spoken
	s.direction == "out"
	s.protocol in protocols
	probes.recent(s.last_seen, 7)
]

by_port := {sprintf("%s (%s)", [c.program, plaintext.tcp[c.port]]) | some c in found}

by_words := {sprintf("%s (%s)", [object.get(s, "program", "?"), s.protocol]) | some s in spoken}

live := {
	"verdict": "fail", "reason": "seen", "params": {"names": sort(by_port | by_words)},
	"evidence": {"connections": found, "spoken": spoken},
} if {
	count(by_port | by_words) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("tcp_connect", input.runtime.connections)
}
