# METADATA
# title: Nobody on the Internet reached databases or management services
# description: >-
#   The kernel accepted a connection from a public address to a port of a database, of remote administration or of
#   an appliance's console. The firewall let it through, whatever its rules look like on paper.
# custom:
#   uk:
#     title: З інтернету не діставалися до баз даних і служб керування
#     rationale: >-
#       Ядро прийняло з'єднання з публічної адреси на порт бази даних, віддаленого адміністрування чи консолі
#       пристрою. Отже, міжмережевий екран його пропустив, хоч би що було в його правилах.
#   severity: high
#   severity_reason:
#     en: The whole world can try passwords and exploits there.
#     uk: Підбирати там паролі й експлойти може весь світ.
#   capability: perimeter
#   halves: [live]
#   facts: [runtime]
#   aliases: [NET-01, NET-03]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: ports
#       default: [23, 111, 135, 139, 445, 512, 513, 514, 623, 873, 1433, 1521, 2049, 2375, 2379, 3306, 3389,
#         5432, 5900, 5901, 5902, 5903, 5984, 5985, 6379, 6443, 8006, 8291, 9042, 9090, 9200, 10000,
#         10250, 11211, 27017]
#       meaning:
#         en: ports that nobody on the Internet has to reach
#         uk: порти, до яких з інтернету діставатися не слід
#   mappings:
#     csf2: [PR.IR-01, DE.CM-01]
#     cis8: ["4.4", "12.2", "13.4"]
#     nist80053: [SC-7, AC-17]
#     iso27001: [A.8.20, A.8.22]
#   remedy:
#     en: >-
#       Close the ports to the Internet at the firewall, or let the services listen to the inner network only. Use
#       a VPN for administration. Look into the logs for logins from the named addresses.
#     uk: >-
#       Закрийте ці порти з інтернету на міжмережевому екрані або налаштуйте служби лише на внутрішню мережу. Для
#       адміністрування користуйтеся VPN. Перегляньте журнали щодо входів із названих адрес.
#   reasons:
#     seen:
#       en: "Reached from the Internet: {names}."
#       uk: "З інтернету дісталися до: {names}."
#     none:
#       en: "Nobody on the Internet reached them."
#       uk: "З інтернету до них не діставалися."
package baseline.runtime.no_internet_to_management

import data.lib.probes

found := [c |
	some c in input.runtime.connections
	c.direction == "in"
	c.peer_class == "public"
	c.count > 0
	c.port in data.params.runtime.no_internet_to_management.ports
]

names := {sprintf("%d (%s)", [c.port, c.program]) | some c in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"connections": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("tcp_accept", input.runtime.connections)
}
