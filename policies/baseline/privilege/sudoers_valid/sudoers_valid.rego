# METADATA
# title: The rules of sudo have no errors
# description: >-
#   Where a line of sudoers is wrong, sudo leaves it out or refuses to run at all - an administrator loses
#   access at the worst moment, or a restriction that was meant to hold does not.
# custom:
#   uk:
#     title: Правила sudo не містять помилок
#     rationale: >-
#       Якщо рядок у sudoers помилковий, sudo пропускає його або взагалі не запускається: адміністратор втрачає
#       доступ у найгіршу мить, або ж задумане обмеження не діє.
#   severity: low
#   severity_reason:
#     en: "It is a fault of operation first."
#     uk: "Це насамперед збій у роботі."
#   capability: hardening
#   halves: [persisted]
#   facts: [sudo]
#   aliases: []
#   baselines: [server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["5.4"]
#     nist80053: [AC-6, CM-6]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Correct the named lines with visudo, which checks before it saves.
#     uk: >-
#       Виправте названі рядки за допомогою visudo: він перевіряє файл перед збереженням.
#   reasons:
#     errors:
#       en: "sudo cannot read these lines: {found}."
#       uk: "sudo не може прочитати ці рядки: {found}."
#     valid:
#       en: "Every line of sudoers can be read."
#       uk: "Усі рядки sudoers прочитано."
package baseline.privilege.sudoers_valid

applies := input.sudo.installed

persisted := {"verdict": "fail", "reason": "errors", "params": {"found": input.sudo.errors}, "evidence": {"errors": input.sudo.errors}} if {
	count(input.sudo.errors) > 0
} else := {"verdict": "pass", "reason": "valid"} if {
	input.sudo.rules
}
