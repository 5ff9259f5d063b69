# METADATA
# title: No shell talks over the network by itself
# description: >-
#   The kernel saw a command shell open or accept a network connection. Shells call other programs for that; one
#   that does it itself is steered from elsewhere, as after a break-in.
# custom:
#   uk:
#     title: Жодна командна оболонка не з'єднується з мережею сама
#     rationale: >-
#       Ядро зафіксувало, як командна оболонка сама відкрила або прийняла мережеве з'єднання. Зазвичай оболонки
#       викликають для цього інші програми; якщо оболонка робить це сама, нею керують здалеку, як після зламу.
#   severity: critical
#   severity_reason:
#     en: Somebody elsewhere may be typing commands on this host.
#     uk: Можливо, хтось здалеку вводить команди на цьому вузлі.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [NET-11]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [DE.CM-01, DE.CM-09]
#     cis8: ["8.8", "13.3"]
#     nist80053: [SI-4, SC-7]
#     iso27001: [A.8.16, A.8.20]
#   remedy:
#     en: >-
#       Treat it as an incident unless an administrator remembers having done it. Note the peer, cut the host off
#       the network, and look for how the shell was started.
#     uk: >-
#       Вважайте це інцидентом, якщо ніхто з адміністраторів не пригадує, що робив це сам. Запишіть адресу,
#       від'єднайте вузол від мережі й з'ясуйте, як було запущено оболонку.
#   reasons:
#     seen:
#       en: "Seen: {names}."
#       uk: "Зафіксовано: {names}."
#     none:
#       en: "No shell talked over the network."
#       uk: "Жодна оболонка з мережею не з'єднувалася."
package baseline.runtime.no_shell_connections

import data.lib.probes

shells := {"sh", "bash", "rbash", "dash", "zsh", "ksh", "ksh93", "mksh", "csh", "tcsh", "fish"}

found := [c |
	some c in input.runtime.connections
	c.program in shells
	c.peer_class != "loopback"
	c.count > 0
]

names := {sprintf("%s → %s:%d", [c.program, object.get(c, "peer", "?"), c.port]) | some c in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"connections": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("tcp_connect", input.runtime.connections)
}
