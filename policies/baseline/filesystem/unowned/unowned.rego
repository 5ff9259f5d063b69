# METADATA
# title: Every file has an owner that exists
# description: >-
#   Files whose user or group was removed fall to whoever gets that number next.
# custom:
#   uk:
#     title: Кожен файл має наявного власника
#     rationale: >-
#       Файли, чийого користувача або групу вилучено, дістануться тому, хто наступним отримає цей номер.
#   severity: low
#   severity_reason:
#     en: "It gives old files to a new account, by chance."
#     uk: "Старі файли випадково дістаються новому обліковому запису."
#   capability: hardening
#   halves: [persisted]
#   facts: [walk, accounts]
#   aliases: [FS-03]
#   baselines: [server]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, AC-2]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Hand the named files over with chown, or delete them.
#     uk: >-
#       Передайте названі файли комусь командою chown або вилучіть їх.
#   reasons:
#     found:
#       en: "Files without an owner ({count}): {found}."
#       uk: "Файли без власника ({count}): {found}."
#     none:
#       en: "Every file has an owner that exists."
#       uk: "Кожен файл має наявного власника."
package baseline.filesystem.unowned

# without any account on record every file would seem to have no owner
lost := [file.path |
	count(input.accounts.users) > 0
	some file in input.walk.unowned
]

persisted := {"verdict": "fail", "reason": "found", "params": {"found": lost, "count": count(lost)}, "evidence": {"files": lost}} if {
	count(lost) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	input.walk.complete
	input.walk.unowned == []
	count(input.accounts.users) > 0
}
