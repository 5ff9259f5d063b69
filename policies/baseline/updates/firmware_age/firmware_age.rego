# METADATA
# title: The firmware of the machine is not outdated
# description: >-
#   The date of the firmware tells two things: whether the maker's corrections were installed, and how old the machine
#   is. Past the limit either a newer firmware waits at the maker's, or none will come any more and the machine is due
#   for replacement. Virtual machines and containers have the firmware of their host and are left out.
# custom:
#   uk:
#     title: Мікропрограма машини не застаріла
#     rationale: >-
#       Дата мікропрограми показує дві речі: чи встановлено виправлення виробника і скільки років машині. Після межі
#       або виробник має новішу версію, або її вже не буде й машину пора замінити. Віртуальні машини й контейнери мають
#       мікропрограму свого вузла й не враховуються.
#   severity: low
#   severity_reason:
#     en: "Attacks on firmware are rare; failing old hardware is not."
#     uk: "Атаки на мікропрограму трапляються рідко, а відмови старого обладнання – ні."
#   capability: patching
#   halves: [live]
#   facts: [hardware]
#   aliases: [SYS-10]
#   baselines: [server, workstation]
#   applicability: true
#   params:
#     - name: max_years
#       default: 7
#       meaning:
#         en: "oldest acceptable firmware, in years"
#         uk: "найбільший прийнятний вік мікропрограми, у роках"
#   mappings:
#     csf2: [PR.PS-03, ID.AM-08]
#     cis8: ["12.1", "2.2"]
#     nist80053: [SI-2, SA-22]
#     iso27001: [A.8.8, A.7.13]
#   remedy:
#     en: >-
#       Look for a newer firmware on the maker's site, or let fwupd look (fwupdmgr get-updates). Have power that does
#       not fail while you install it, and a way in at the machine itself. Where the maker offers none, plan to replace
#       the machine.
#     uk: >-
#       Пошукайте новішу мікропрограму на сайті виробника або засобом fwupd (fwupdmgr get-updates). Під час
#       встановлення потрібні надійне живлення й доступ до самої машини. Якщо виробник нічого не пропонує, заплануйте
#       заміну машини.
#   remedy_commands:
#     debian: |-
#       fwupdmgr refresh && fwupdmgr get-updates
#     rhel: |-
#       fwupdmgr refresh && fwupdmgr get-updates
#   reasons:
#     old:
#       en: "The firmware of {product} is of {date}, older than {limit} years."
#       uk: "Мікропрограма ({product}) має дату {date}, тобто старша за {limit} р."
#     fresh:
#       en: "The firmware is of {date}."
#       uk: "Дата мікропрограми: {date}."
package baseline.updates.firmware_age

applies := input.hardware.virtualization == "none"

built := input.hardware.bios_date

years := (time.parse_rfc3339_ns(data.clock.now) - time.parse_ns("2006-01-02", built)) / (((365 * 24) * 3600) * 1000000000)

limit := data.params.updates.firmware_age.max_years

live := {
	"verdict": "fail",
	"reason": "old",
	"params": {"product": object.get(input.hardware, "product", "–"), "date": built, "limit": limit},
	"evidence": {"bios_date": built},
} if {
	years > limit
} else := {"verdict": "pass", "reason": "fresh", "params": {"date": built}} if {
	years <= limit
}
