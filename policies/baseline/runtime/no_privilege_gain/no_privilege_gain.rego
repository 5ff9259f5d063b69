# METADATA
# title: No program became root on its own
# description: >-
#   The kernel saw a program run as root whose parent was not root in any way, and not because the file is
#   set-user-id, as sudo is; or a program that was no kind of root change its user to root. This is what the abuse of a
#   flaw in the kernel or in a service looks like.
# custom:
#   uk:
#     title: Жодна програма не стала root самочинно
#     rationale: >-
#       Ядро зафіксувало програму, що працювала від root, хоча її батьківський процес не мав прав root і файл не
#       має біта set-user-ID, як-от sudo; або програму без жодних прав root, яка змінила свого користувача на
#       root. Саме так виглядає використання вразливості ядра чи служби.
#   severity: critical
#   severity_reason:
#     en: Whoever can do that once holds the whole host.
#     uk: Хто зміг це раз, той володіє всім вузлом.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [PRV-06]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: paths of programs that become root by design
#         uk: шляхи програм, які стають root штатно
#   mappings:
#     csf2: [DE.CM-09, DE.AE-02]
#     cis8: ["5.4", "8.8"]
#     nist80053: [SI-4, AC-6]
#     iso27001: [A.8.2, A.8.16]
#   remedy:
#     en: >-
#       Treat it as an incident until someone can explain it. Keep the host running, cut it off the network, and
#       note what the program and its parent are. A program that does so by design goes into the parameter.
#     uk: >-
#       Вважайте це інцидентом, доки хтось не пояснить причину. Не вимикайте вузол, від'єднайте його від мережі й
#       з'ясуйте, що це за програма та її батьківський процес. Програму, для якої це штатна поведінка, внесіть до
#       параметра.
#   reasons:
#     seen:
#       en: "Became root: {names}."
#       uk: "Стали root: {names}."
#     none:
#       en: "No program became root on its own."
#       uk: "Жодна програма не стала root самочинно."
package baseline.runtime.no_privilege_gain

import data.lib.probes

found := [p |
	some p in input.runtime.programs
	"privilege_gain" in p.flags
	not p.path in data.params.runtime.no_privilege_gain.approved
]

# those that became root without running another program
changed := [e |
	some e in probes.events("setuid")
	not e.program in data.params.runtime.no_privilege_gain.approved
]

names := {p.path | some p in found} | {object.get(e, "program", "?") | some e in changed}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"programs": found, "events": changed}} if {
	count(names) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole_exec(input.runtime.programs)
}
