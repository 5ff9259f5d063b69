# METADATA
# title: Fixes are installed soon after they can be had
# description: >-
#   How long a fix has been waiting here says how patching works, better than how many vulnerabilities there are. Counted
#   are those that the table of SSVC does not defer, from the day the distribution announced the fix.
# custom:
#   uk:
#     title: Виправлення встановлюють невдовзі після їх появи
#     rationale: >-
#       Скільки днів виправлення чекає на цьому вузлі, показує, як працює оновлення, краще, ніж кількість вразливостей.
#       Враховано ті, які таблиця SSVC не відкладає, від дня, коли дистрибутив оголосив про виправлення.
#   severity: high
#   severity_reason:
#     en: Attackers read the announcement of a fix as well.
#     uk: Оголошення про виправлення читають і зловмисники.
#   capability: patching
#   halves: [persisted]
#   facts: [vulnerabilities]
#   baselines: [server, workstation, appliance]
#   params:
#     - name: max_days
#       default: 30
#       meaning:
#         en: longest time a fix may wait to be installed, in days; a pass may not rest on older knowledge either
#         uk: найдовший час, протягом якого виправлення може чекати встановлення, у днях; позитивний результат не може ґрунтуватися й на старіших відомостях
#   mappings:
#     csf2: [PR.PS-02]
#     cis8: ["7.3", "7.4"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Install the waiting updates, then find out why they waited: no automatic updates, a held package, a source that does not
#       answer, nobody in charge.
#     uk: >-
#       Установіть оновлення, що чекають, а тоді з'ясуйте причину затримки: немає автоматичного оновлення, пакет утримується,
#       джерело не відповідає чи немає відповідального.
#   remedy_commands:
#     debian: |-
#       apt-get update && apt-get upgrade
#       apt-mark showhold
#     rhel: |-
#       dnf upgrade --security
#     alpine: |-
#       apk upgrade
#   reasons:
#     late:
#       en: "Fixes wait for more than {max} days: {count}, the oldest for {days} days; among them {names}."
#       uk: "Виправлення чекають понад {max} дн.: {count}, найдовше {days} дн.; зокрема {names}."
#     prompt:
#       en: "No fix that matters has been waiting for more than {max} days."
#       uk: "Жодне важливе виправлення не чекає понад {max} дн."
package baseline.vulnerabilities.patch_latency

import data.lib.vulnerabilities

max_days := data.params.vulnerabilities.patch_latency.max_days

late := [v |
	some v in vulnerabilities.decided
	v.decision != "defer"
	v.fixed_days > max_days
]

persisted := {
	"verdict": "fail",
	"reason": "late",
	"params": {"max": max_days, "count": count(late), "days": max([v.fixed_days | some v in late]), "names": vulnerabilities.labels(late)},
	"evidence": vulnerabilities.evidence(late),
} if {
	count(late) > 0
} else := {"verdict": "pass", "reason": "prompt", "params": {"max": max_days}} if {
	vulnerabilities.fresh(max_days)
	input.families.vulnerabilities.state == "ok"
}
