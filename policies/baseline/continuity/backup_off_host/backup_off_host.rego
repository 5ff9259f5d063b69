# METADATA
# title: Backups go to another place
# description: >-
#   A backup on the same machine burns, is encrypted and is stolen with it. At least one scheduled backup must have a
#   target off this host, or the administrator states within the year, by a file with the subject offline_copy below
#   /etc/vymir/attested, that a copy lies elsewhere.
# custom:
#   uk:
#     title: Резервні копії зберігаються в іншому місці
#     rationale: >-
#       Резервна копія на тій самій машині згорить, буде зашифрована чи викрадена разом із нею. Принаймні одне
#       заплановане копіювання має йти за межі вузла, або адміністратор протягом року засвідчує файлом із темою
#       offline_copy у /etc/vymir/attested, що копія лежить в іншому місці.
#   severity: high
#   severity_reason:
#     en: The backup is lost together with the machine.
#     uk: Копію буде втрачено разом із машиною.
#   capability: backup
#   halves: [persisted]
#   facts: [continuity]
#   aliases: [BKP-02]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-11]
#     cis8: ["11.3", "11.4"]
#     nist80053: [CP-6, CP-9]
#     iso27001: [A.8.13]
#   remedy:
#     en: >-
#       Add a repository on another machine or site, and keep one copy offline or append-only.
#     uk: >-
#       Додайте сховище на іншій машині чи майданчику, а одну копію тримайте поза мережею або лише для дописування.
#   reasons:
#     stated:
#       en: "A copy elsewhere was stated on {date}."
#       uk: "Копію в іншому місці засвідчено {date}."
#     local:
#       en: "{name} keeps its copies on this host."
#       uk: "{name} зберігає копії на цьому ж вузлі."
#     away:
#       en: "{name} keeps its copies elsewhere."
#       uk: "{name} зберігає копії в іншому місці."
package baseline.continuity.backup_off_host

tools := [t | some t in input.continuity.backups; t.installed == true; t.scheduled == true]

applies := count(tools) > 0 if input.continuity.backups

away := [t | some t in tools; t.remote == true]

stated := [statement |
	some statement in input.continuity.attested
	statement.subject in {"offline_copy", "offline-copy", "off_host_copy"}
	statement.age_days >= 0
	statement.age_days <= 365
]

persisted := {"verdict": "pass", "reason": "away", "params": {"name": away[0].name}} if {
	count(away) > 0
} else := {"verdict": "pass", "reason": "stated", "params": {"date": substring(stated[0].date, 0, 10)}} if {
	count(tools) > 0
	count(stated) > 0
} else := {"verdict": "fail", "reason": "local", "params": {"name": tools[0].name}} if {
	count(tools) > 0
	every t in tools {
		t.remote == false
	}
}
