# METADATA
# title: NFS shares are offered to named clients, without root
# description: >-
#   An NFS export to everyone, or one that trusts the root of another machine (no_root_squash), hands files over to
#   whoever reaches the port. Exports must name their clients and keep root_squash, which is the default.
# custom:
#   uk:
#     title: Ресурси NFS надано визначеним клієнтам і без прав root
#     rationale: >-
#       Експорт NFS для всіх або такий, що довіряє root іншої машини (no_root_squash), віддає файли кожному, хто
#       дістанеться порту. Експорт має називати своїх клієнтів і зберігати root_squash, який є типовим.
#   severity: high
#   severity_reason:
#     en: Files can be taken or planted by any machine on the network.
#     uk: Будь-яка машина в мережі може забрати чи підкласти файли.
#   capability: perimeter
#   halves: [persisted]
#   facts: [shares]
#   aliases: [SVC-01]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05, PR.DS-01]
#     cis8: ["3.3", "4.8"]
#     nist80053: [AC-3, AC-6]
#     iso27001: [A.5.15, A.8.3]
#   remedy:
#     en: >-
#       In /etc/exports name the clients by address or network, remove no_root_squash, and run exportfs -ra. Backups
#       that run as root on the client will need another way.
#     uk: >-
#       У /etc/exports зазначте клієнтів за адресою або мережею, приберіть no_root_squash і виконайте exportfs -ra.
#       Резервному копіюванню, що працює на клієнті від root, знадобиться інший шлях.
#   reasons:
#     open:
#       en: "{path} is offered to {client} ({why})."
#       uk: "{path} надано для {client} ({why})."
#     named:
#       en: "Every NFS share names its clients and squashes root."
#       uk: "Кожен ресурс NFS має визначених клієнтів і обмежує root."
package baseline.services.nfs_restricted

applies := count(input.shares.nfs) > 0

everyone := {"*", "0.0.0.0/0", "::/0", "0.0.0.0/0.0.0.0"}

persisted := {
	"verdict": "fail",
	"reason": "open",
	"params": bad[0],
	"evidence": {"exports": bad},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "named"} if {
	count(input.shares.nfs) > 0
}

bad := [{"path": e.path, "client": e.client, "why": why} |
	some e in input.shares.nfs
	some why in weaknesses(e)
]

weaknesses(e) := array.concat(
	[o | some o in object.get(e, "options", []); o == "no_root_squash"],
	["*" | e.client in everyone],
)
