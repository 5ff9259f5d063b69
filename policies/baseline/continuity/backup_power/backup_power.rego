# METADATA
# title: The machine stands on backup power
# description: >-
#   A sudden loss of power damages disks and ends the service. A battery or UPS that the host can see lets it go down
#   in order. A UPS without a data cable cannot be seen: scope the control out there.
# custom:
#   uk:
#     title: Машина має резервне живлення
#     rationale: >-
#       Раптове зникнення живлення пошкоджує диски й зупиняє послугу. Акумулятор або ДБЖ, який бачить вузол, дає змогу
#       завершити роботу впорядковано. ДБЖ без кабелю даних побачити неможливо: там вимогу слід виключити.
#   severity: medium
#   severity_reason:
#     en: Blackouts are a matter of when.
#     uk: Питання лише в тому, коли зникне світло.
#   capability: continuity
#   halves: [live]
#   facts: [continuity, hardware]
#   aliases: [RES-01]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-03]
#     cis8: ["11.1"]
#     nist80053: [PE-11, CP-2]
#     iso27001: [A.7.11]
#   remedy:
#     en: >-
#       Connect a UPS with a data cable and set up NUT or apcupsd, so that the host shuts down before the battery is
#       empty.
#     uk: >-
#       Під'єднайте ДБЖ із кабелем даних і налаштуйте NUT або apcupsd, щоб вузол завершував роботу до розрядження
#       батареї.
#   reasons:
#     none:
#       en: "This host sees no battery and no UPS."
#       uk: "Вузол не бачить ні акумулятора, ні ДБЖ."
#     present:
#       en: "Backup power is present."
#       uk: "Резервне живлення є."
package baseline.continuity.backup_power

applies := input.hardware.virtualization == "none"

backup := [p | some p in input.continuity.power; p.type in {"battery", "ups"}]

live := {"verdict": "pass", "reason": "present"} if {
	count(backup) > 0
} else := {"verdict": "pass", "reason": "present"} if {
	input.continuity.nut == true
} else := {"verdict": "fail", "reason": "none"} if {
	is_array(input.continuity.power)
	input.continuity.nut == false
}
