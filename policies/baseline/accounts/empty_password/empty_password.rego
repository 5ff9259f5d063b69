# METADATA
# title: No account has an empty password
# description: >-
#   An account whose password field is empty opens without one, at the console, through su and through every
#   service that allows it. A locked account is not an empty one. OpenWrt ships root so until a password is set.
# custom:
#   uk:
#     title: Жоден обліковий запис не має порожнього пароля
#     rationale: >-
#       Обліковий запис із порожнім полем пароля відкривається без пароля: з консолі, через su та через кожну
#       службу, яка це дозволяє. Заблокований запис порожнім не є. В OpenWrt root залишається таким, доки пароль
#       не задано.
#   severity: critical
#   severity_reason:
#     en: "Nothing has to be guessed to get in."
#     uk: "Щоб увійти, не треба нічого підбирати."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-02, OWRT-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2", "4.7"]
#     nist80053: [IA-5]
#     iso27001: [A.5.17]
#   remedy:
#     en: >-
#       Set a password for the named accounts with passwd NAME, or lock them with passwd -l NAME.
#     uk: >-
#       Задайте названим обліковим записам пароль командою passwd ІМ'Я або заблокуйте їх командою passwd -l
#       ІМ'Я.
#   remedy_commands:
#     openwrt: |-
#       passwd root
#   reasons:
#     empty:
#       en: "These accounts have no password at all: {users}."
#       uk: "Ці облікові записи взагалі не мають пароля: {users}."
#     none_empty:
#       en: "No account has an empty password."
#       uk: "Порожніх паролів немає."
package baseline.accounts.empty_password

empty := [user.name |
	some user in input.accounts.users
	user.password.state == "empty"
]

persisted := {"verdict": "fail", "reason": "empty", "params": {"users": empty}, "evidence": {"users": empty}} if {
	count(empty) > 0
} else := {"verdict": "pass", "reason": "none_empty"} if {
	input.accounts.shadow_read
	count(input.accounts.users) > 0
}
