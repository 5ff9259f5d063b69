# METADATA
# title: No connection uses TLS older than 1.2
# description: >-
#   The kernel saw a server choose SSL 3, TLS 1.0 or TLS 1.1 for a connection of this host, as server or as client.
#   These versions are broken and are refused by today's browsers.
# custom:
#   uk:
#     title: Жодне з'єднання не використовує TLS, старіший за 1.2
#     rationale: >-
#       Ядро зафіксувало, що для з'єднання цього вузла, як сервера чи клієнта, сервер обрав SSL 3, TLS 1.0 або TLS
#       1.1. Ці версії зламано, і сучасні браузери їх не приймають.
#   severity: medium
#   severity_reason:
#     en: It takes an attacker on the path with means.
#     uk: Потрібен підготовлений зловмисник на шляху.
#   capability: encryption
#   halves: [live]
#   facts: [runtime]
#   aliases: [CRY-03]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10"]
#     nist80053: [SC-8, SC-13]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Where this host is the server, allow TLS 1.2 and 1.3 only. Where it is the client, update the other side,
#       or the named program.
#     uk: >-
#       Якщо цей вузол є сервером, дозвольте лише TLS 1.2 і 1.3. Якщо клієнтом, оновіть іншу сторону або названу
#       програму.
#   reasons:
#     seen:
#       en: "Seen: {names}."
#       uk: "Зафіксовано: {names}."
#     none:
#       en: "No such connection was seen."
#       uk: "Таких з'єднань не зафіксовано."
package baseline.runtime.no_legacy_tls

import data.lib.probes

protocols := {"ssl3", "tls1.0", "tls1.1"}

# what was mended stops to count after a week
found := [s |
	some s in input.runtime.spoken
	s.protocol in protocols
	probes.recent(s.last_seen, 7)
]

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(probes.talks(found))}, "evidence": {"spoken": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("protocol", input.runtime.spoken)
}
