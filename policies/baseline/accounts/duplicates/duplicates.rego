# METADATA
# title: Every account and group has a name and number of its own
# description: >-
#   Two accounts with one number own each other's files and cannot be told apart in a log; two lines with one
#   name make it a matter of luck which one holds.
# custom:
#   uk:
#     title: Кожен обліковий запис і кожна група мають власні ім'я та номер
#     rationale: >-
#       Два облікові записи з одним номером володіють файлами одне одного, і їх не розрізнити в журналі; якщо ж
#       ім'я записано двічі, чинним стає який-небудь із рядків.
#   severity: medium
#   severity_reason:
#     en: "It hides who did something and mixes up rights."
#     uk: "Це приховує, хто що зробив, і змішує права."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-14]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.1"]
#     nist80053: [AC-2, IA-4]
#     iso27001: [A.5.16]
#   remedy:
#     en: >-
#       Give each of the named accounts or groups a number of its own with usermod -u or groupmod -g, hand over
#       their files with chown, and remove repeated lines with vipw and vigr.
#     uk: >-
#       Надайте кожному з названих облікових записів або груп власний номер командами usermod -u чи groupmod -g,
#       передайте їм їхні файли командою chown і вилучіть повторені рядки командами vipw і vigr.
#   reasons:
#     twice:
#       en: "These stand twice: {found}."
#       uk: "Повторюються: {found}."
#     once:
#       en: "All names and numbers of accounts and groups are different."
#       uk: "Усі імена та номери облікових записів і груп різні."
package baseline.accounts.duplicates

twice := [sprintf("%s %s (%s)", [d.kind, d.value, concat(", ", d.names)]) | some d in input.accounts.duplicates]

persisted := {"verdict": "fail", "reason": "twice", "params": {"found": twice}, "evidence": {"duplicates": twice}} if {
	count(twice) > 0
} else := {"verdict": "pass", "reason": "once"} if {
	input.accounts.duplicates == []
}
