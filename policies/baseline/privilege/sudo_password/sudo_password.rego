# METADATA
# title: sudo asks for a password before it gives all rights
# description: >-
#   With NOPASSWD for all commands, or with authentication switched off, whoever takes over the session of an
#   administrator is root at once. Rules for single commands pass. Cloud images often ship such a line for their
#   first user.
# custom:
#   uk:
#     title: sudo запитує пароль, перш ніж надати всі права
#     rationale: >-
#       За NOPASSWD для всіх команд або за вимкненої автентифікації той, хто захопив сеанс адміністратора,
#       одразу стає root. Правила для окремих команд прийнятні. Хмарні образи часто містять такий рядок для
#       першого користувача.
#   severity: high
#   severity_reason:
#     en: "One taken-over session becomes the whole host."
#     uk: "Один захоплений сеанс стає повним контролем над вузлом."
#   capability: identity
#   halves: [persisted]
#   facts: [sudo]
#   aliases: [ACC-07]
#   baselines: [essential, server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["5.4"]
#     nist80053: [AC-6, IA-11]
#     iso27001: [A.8.2, A.8.18]
#   remedy:
#     en: >-
#       Remove NOPASSWD and !authenticate from the named lines with visudo. Check first, in a second session,
#       that the administrators have a password and that sudo takes it.
#     uk: >-
#       За допомогою visudo приберіть NOPASSWD і !authenticate з названих рядків. Спершу в окремому сеансі
#       перевірте, що адміністратори мають пароль і sudo його приймає.
#   reasons:
#     nopasswd:
#       en: "All rights are given without a password: {found}."
#       uk: "Усі права надаються без пароля: {found}."
#     asked:
#       en: "No rule gives all rights without a password."
#       uk: "Жодне правило не надає всіх прав без пароля."
package baseline.privilege.sudo_password

applies if input.sudo.installed

applies if count(input.sudo.rules) > 0

applies if count(input.sudo.doas) > 0

applies := false if {
	input.sudo.installed == false
	count(object.get(input.sudo, "rules", [])) == 0
	count(object.get(input.sudo, "doas", [])) == 0
}

open := array.concat(
	[sprintf("%s: %s (%s:%d)", [concat(", ", rule.users), concat(", ", rule.commands), rule.file, rule.line]) |
		some rule in input.sudo.rules
		rule.nopasswd
		"ALL" in rule.commands
		some user in rule.users
		not user in {"root", "#0"}
	],
	[sprintf("doas: %s", [line]) |
		some line in input.sudo.doas
		regex.match(`^permit\b.*\bnopass\b`, line)
		not regex.match(`\b(cmd|root)\b`, line)
	],
)

persisted := {"verdict": "fail", "reason": "nopasswd", "params": {"found": found}, "evidence": {"rules": found}} if {
	found := {o | some o in open}
	count(found) > 0
} else := {"verdict": "pass", "reason": "asked"} if {
	input.sudo.rules
} else := {"verdict": "pass", "reason": "asked"} if {
	input.sudo.doas
}
