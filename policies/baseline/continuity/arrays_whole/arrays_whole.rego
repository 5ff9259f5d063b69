# METADATA
# title: No disk array is degraded
# description: >-
#   A degraded array works until the next disk fails, and then everything is gone. It is often noticed only then.
# custom:
#   uk:
#     title: Жоден дисковий масив не деградований
#     rationale: >-
#       Деградований масив працює, доки не відмовить наступний диск, а тоді зникає все. Нерідко лише тоді це й
#       помічають.
#   severity: high
#   severity_reason:
#     en: One more failure loses the data.
#     uk: Ще одна відмова, і дані втрачено.
#   capability: continuity
#   halves: [live]
#   facts: [continuity]
#   aliases: [FS-07]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-03, PR.PS-03]
#     cis8: ["11.1"]
#     nist80053: [CP-9, SI-13]
#     iso27001: [A.8.14]
#   remedy:
#     en: >-
#       Check the backup first, then replace the failed disk (mdadm --manage) and watch the rebuild.
#     uk: >-
#       Спершу перевірте резервну копію, потім замініть диск, що відмовив (mdadm --manage), і простежте за
#       відновленням.
#   reasons:
#     degraded:
#       en: "Degraded: {names}."
#       uk: "Деградовано: {names}."
#     whole:
#       en: "Every array is whole."
#       uk: "Усі масиви справні."
package baseline.continuity.arrays_whole

applies := count(input.continuity.raid) > 0

degraded := [r.device | some r in input.continuity.raid; r.degraded == true]

live := {"verdict": "fail", "reason": "degraded", "params": {"names": degraded}, "evidence": {"arrays": degraded}} if {
	count(degraded) > 0
} else := {"verdict": "pass", "reason": "whole"} if {
	count(input.continuity.raid) > 0
	every r in input.continuity.raid {
		r.degraded == false
	}
}
