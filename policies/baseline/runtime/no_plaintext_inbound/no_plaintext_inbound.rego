# METADATA
# title: Nobody logs in here in the clear
# description: >-
#   The kernel recognised, by the first bytes and whatever the port, that somebody elsewhere spoke to a service of
#   this host in a protocol that sends passwords in the clear: telnet, FTP, POP3, IMAP, LDAP with a password, or
#   SMTP with one.
# custom:
#   uk:
#     title: Ніхто не входить сюди відкритим текстом
#     rationale: >-
#       За першими байтами й незалежно від порту ядро розпізнало, що хтось ззовні звертався до служби цього вузла
#       протоколом, який передає паролі відкрито: telnet, FTP, POP3, IMAP, LDAP із паролем або SMTP із паролем.
#   severity: high
#   severity_reason:
#     en: Anyone on the path reads the password.
#     uk: Пароль прочитає кожен, хто на шляху.
#   capability: remote_access
#   halves: [live]
#   facts: [runtime]
#   aliases: [NET-04, SVC-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.DS-02, DE.CM-01]
#     cis8: ["3.10", "4.6"]
#     nist80053: [SC-8, IA-5]
#     iso27001: [A.8.20, A.8.24]
#   remedy:
#     en: >-
#       Switch the service to its TLS form, or off, and change the passwords that were sent.
#     uk: >-
#       Переведіть службу на варіант із TLS або вимкніть її та змініть паролі, які передавалися.
#   reasons:
#     seen:
#       en: "Spoken here: {names}."
#       uk: "Розпізнано: {names}."
#     none:
#       en: "Nobody was heard to log in in the clear."
#       uk: "Входів відкритим текстом не розпізнано."
package baseline.runtime.no_plaintext_inbound

import data.lib.probes

protocols := {"telnet", "ftp", "pop3", "imap", "ldap", "smtp_auth"}

# what was mended stops to count after a week
found := [s |
	some s in input.runtime.spoken
	s.protocol in protocols
	s.direction == "in"
	probes.recent(s.last_seen, 7)
]

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(probes.talks(found))}, "evidence": {"spoken": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("protocol", input.runtime.spoken)
}
