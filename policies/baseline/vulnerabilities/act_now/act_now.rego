# METADATA
# title: No vulnerability waits that cannot wait for the next maintenance
# description: >-
#   Each vulnerability is weighed by the table of SSVC: whether it is exploited or likely to be, from where the
#   program that uses the package can be reached through the loaded firewall, whether it runs as root, whether it is
#   used at all. What comes out as immediate or out of cycle is named here; the rest waits for its turn, and most of it
#   rightly so.
# custom:
#   uk:
#     title: Жодна вразливість, що потребує негайних дій, не чекає планового обслуговування
#     rationale: >-
#       Кожну вразливість оцінено за таблицею SSVC: чи її вже використовують або ймовірно використають, звідки через
#       завантажений міжмережевий екран можна дістатися програми, що користується пакетом, чи працює вона з правами
#       root і чи пакет узагалі використовується. Тут названо те, що потребує дій негайно або позачергово; решта чекає
#       своєї черги, і здебільшого має на це підстави.
#   severity: critical
#   severity_reason:
#     en: What is exploited, reachable and in use is how institutions are broken into.
#     uk: Саме через вразливості, які використовують, до яких можна дістатися і які в роботі, зламують установи.
#   capability: patching
#   halves: [live]
#   facts: [vulnerabilities]
#   baselines: [server, workstation, appliance]
#   params:
#     - name: max_days
#       default: 30
#       meaning:
#         en: oldest knowledge of vulnerabilities that a pass may rest on, in days
#         uk: найбільший вік відомостей про вразливості, на яких може ґрунтуватися позитивний результат, у днях
#     - name: impact
#       default: medium
#       meaning:
#         en: "what a failure of this host would do to people: low, medium, high or very_high"
#         uk: "чим збій цього вузла обернеться для людей: low (незначно), medium (помітно), high (тяжко), very_high (дуже тяжко)"
#   mappings:
#     csf2: [ID.RA-05, PR.PS-02]
#     cis8: ["7.2", "7.7"]
#     nist80053: [RA-5, SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Update the named packages now and restart what uses them, without waiting for the maintenance window. Where no mended
#       version exists, close the way to the service.
#     uk: >-
#       Оновіть названі пакети зараз і перезапустіть програми, що ними користуються, не чекаючи вікна обслуговування. Якщо
#       виправленої версії немає, закрийте доступ до служби.
#   remedy_commands:
#     debian: |-
#       apt-get update && apt-get upgrade
#     rhel: |-
#       dnf upgrade --security
#     alpine: |-
#       apk upgrade
#   reasons:
#     urgent:
#       en: "Act now on {immediate}, out of cycle on {out_of_cycle} of {total} vulnerabilities: {names}. The next maintenance is enough for {scheduled}; {deferred} are deferred."
#       uk: "З {total} вразливостей негайних дій потребують {immediate}, позачергових {out_of_cycle}: {names}. До планового обслуговування можуть зачекати {scheduled}, відкладено {deferred}."
#     none:
#       en: "Of {total} vulnerabilities none is urgent: {scheduled} for the next maintenance, {deferred} deferred."
#       uk: "З {total} вразливостей термінових немає: {scheduled} до планового обслуговування, {deferred} відкладено."
package baseline.vulnerabilities.act_now

import data.lib.vulnerabilities

immediate := vulnerabilities.with_decision({"immediate"})

out_of_cycle := vulnerabilities.with_decision({"out_of_cycle"})

urgent := array.concat(immediate, out_of_cycle)

total := count(input.vulnerabilities.found)

live := {
	"verdict": "fail",
	"reason": "urgent",
	"params": {
		"immediate": count(immediate),
		"out_of_cycle": count(out_of_cycle),
		"total": total,
		"scheduled": vulnerabilities.counts.scheduled,
		"deferred": vulnerabilities.counts.defer,
		"names": vulnerabilities.labels(urgent),
	},
	"evidence": vulnerabilities.evidence(urgent),
} if {
	count(urgent) > 0
} else := {
	"verdict": "pass",
	"reason": "none",
	"params": {
		"total": total,
		"scheduled": vulnerabilities.counts.scheduled,
		"deferred": vulnerabilities.counts.defer,
	},
	"evidence": vulnerabilities.evidence([]),
} if {
	input.vulnerabilities.index.kev_at
	vulnerabilities.fresh(data.params.vulnerabilities.act_now.max_days)
	input.families.vulnerabilities.state == "ok"
}
