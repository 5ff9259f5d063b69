# METADATA
# title: No account has a password that came with the device
# description: >-
#   Passwords such as admin, root, ubnt or raspberry, and the user's own name, are the first that a scanner tries. The
#   agent tries a short list of them against the hashes in shadow, on the host, and keeps only the answer. Hashes that
#   are made to be slow (yescrypt, bcrypt) are not tried, so with them the question stays open.
# custom:
#   uk:
#     title: Жоден обліковий запис не має пароля, заданого виробником
#     rationale: >-
#       Паролі на зразок admin, root, ubnt чи raspberry, а також ім'я самого користувача сканери пробують першими.
#       Агент звіряє їх короткий перелік із гешами у файлі shadow на самому вузлі й зберігає лише відповідь. Геші,
#       навмисне зроблені повільними (yescrypt, bcrypt), не перевіряються, тож для них питання лишається відкритим.
#   severity: critical
#   severity_reason:
#     en: "Whoever can reach the login prompt is in at the first attempt."
#     uk: "Хто дістався запрошення до входу, увійде з першої спроби."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-04]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["4.7", "5.2"]
#     nist80053: [IA-5]
#     iso27001: [A.5.17]
#   remedy:
#     en: >-
#       Set a new password for each account named, at once, and look at its last logins. Where nobody needs the
#       account, lock its password instead (passwd -l NAME). Whoever uses the old password, scripts included, is locked
#       out.
#     uk: >-
#       Негайно задайте новий пароль кожному з названих облікових записів і перегляньте останні входи. Якщо запис
#       нікому не потрібен, заблокуйте його пароль (passwd -l NAME). Хто користується старим паролем, зокрема скрипти,
#       увійти більше не зможе.
#   remedy_commands:
#     debian: |-
#       passwd NAME
#     rhel: |-
#       passwd NAME
#     alpine: |-
#       passwd NAME
#     openwrt: |-
#       passwd NAME
#   reasons:
#     default:
#       en: "The password can be guessed at once: {users}."
#       uk: "Пароль можна вгадати відразу: {users}."
#     own:
#       en: "No account has a password from the list."
#       uk: "Жоден обліковий запис не має пароля з переліку."
package baseline.accounts.default_password

default_ones := [user.name | some user in input.accounts.users; user.password.weak_default == true]

# passwords that open a session and were not tried
untried := [user.name |
	some user in input.accounts.users
	user.can_login == true
	user.password.state == "set"
	object.get(user.password, "weak_tested", false) == false
]

persisted := {
	"verdict": "fail",
	"reason": "default",
	"params": {"users": default_ones},
	"evidence": {"users": default_ones},
} if {
	count(default_ones) > 0
} else := {"verdict": "pass", "reason": "own"} if {
	input.accounts.shadow_read == true
	count(input.accounts.users) > 0
	count(untried) == 0
}
