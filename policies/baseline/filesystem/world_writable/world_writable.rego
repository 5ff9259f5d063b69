# METADATA
# title: No file is open to everybody's writing
# description: >-
#   A file that everybody may write to is changed by nobody in particular; a directory of that kind without the
#   sticky bit lets everybody replace what is in it. The walk keeps to a budget and is told only when it is
#   complete.
# custom:
#   uk:
#     title: Немає файлів, у які може писати будь-хто
#     rationale: >-
#       Файл, у який може писати кожен, хтозна-хто й змінить; у такому каталозі без біта sticky кожен може
#       підмінити будь-що. Обхід файлової системи має обмежений бюджет, і результат подається лише після його
#       завершення.
#   severity: medium
#   severity_reason:
#     en: "What it opens depends on the file."
#     uk: "Наслідки залежать від файлу."
#   capability: hardening
#   halves: [persisted]
#   facts: [walk]
#   aliases: [FS-02]
#   baselines: [server]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Take write access away with chmod o-w FILE, or set the sticky bit on a directory that all share (chmod
#       +t).
#     uk: >-
#       Заберіть право запису командою chmod o-w ФАЙЛ або встановіть біт sticky для спільного каталогу (chmod
#       +t).
#   reasons:
#     found:
#       en: "Open to everybody's writing ({count}): {found}."
#       uk: "Відкриті для запису всім ({count}): {found}."
#     none:
#       en: "No file is open to everybody's writing."
#       uk: "Файлів, відкритих для запису всім, немає."
package baseline.filesystem.world_writable

open := [file.path | some file in input.walk.world_writable]

persisted := {"verdict": "fail", "reason": "found", "params": {"found": open, "count": count(open)}, "evidence": {"files": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	input.walk.complete
	input.walk.world_writable == []
}
