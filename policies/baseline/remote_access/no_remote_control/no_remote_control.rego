# METADATA
# title: No remote-control program runs that nobody approved
# description: >-
#   AnyDesk, TeamViewer and the like open a host to the outside past every firewall, and are a favourite of intruders.
#   Where the institution uses one on purpose, name it in the parameter.
# custom:
#   uk:
#     title: Не працюють програми віддаленого керування, яких ніхто не погоджував
#     rationale: >-
#       AnyDesk, TeamViewer та подібні програми відкривають вузол назовні в обхід будь-якого міжмережевого екрана, і
#       зловмисники їх полюбляють. Якщо установа свідомо користується такою програмою, назвіть її в параметрі.
#   severity: high
#   severity_reason:
#     en: Whoever holds the other end holds the screen and keyboard.
#     uk: Хто на іншому кінці, у того екран і клавіатура.
#   capability: remote_access
#   halves: [live]
#   facts: [processes]
#   aliases: [NET-11]
#   baselines: [essential, server, workstation]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: names of remote-control programs that are used on purpose
#         uk: назви програм віддаленого керування, якими користуються свідомо
#   mappings:
#     csf2: [PR.AA-05, DE.CM-09]
#     cis8: ["2.3", "13.5"]
#     nist80053: [AC-17, CM-7]
#     iso27001: [A.8.20, A.6.7]
#   remedy:
#     en: >-
#       Find out who installed it. If nobody did on purpose, take the host off the network and treat it as an
#       incident; else remove it or approve it by the parameter.
#     uk: >-
#       З'ясуйте, хто її встановив. Якщо ніхто не робив цього свідомо, від'єднайте вузол від мережі й розглядайте це
#       як інцидент; інакше вилучіть її або погодьте через параметр.
#   reasons:
#     runs:
#       en: "Running here: {names}."
#       uk: "Тут працює: {names}."
#     none:
#       en: "No remote-control program runs."
#       uk: "Програми віддаленого керування не працюють."
package baseline.remote_access.no_remote_control

live := {
	"verdict": "fail",
	"reason": "runs",
	"params": {"names": sort(bad)},
	"evidence": {"processes": found},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	is_array(input.processes.remote_control)
}

found := [p |
	some p in input.processes.remote_control
	not lower(p.name) in approved
]

bad := {p.name | some p in found}

approved := {lower(name) | some name in data.params.remote_access.no_remote_control.approved}
