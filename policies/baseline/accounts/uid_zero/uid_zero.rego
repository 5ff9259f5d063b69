# METADATA
# title: Only root has the user id 0
# description: >-
#   Every account with the user id 0 is root under another name - with its own password, outside the rules made
#   for root, and a usual hiding place of intruders.
# custom:
#   uk:
#     title: Лише root має ідентифікатор користувача 0
#     rationale: >-
#       Кожен обліковий запис з ідентифікатором 0 - це root під іншим ім'ям, з власним паролем і поза правилами,
#       заданими для root; зловмисники часто ховаються саме так.
#   severity: critical
#   severity_reason:
#     en: "A second root is either a back door or an administrator nobody sees."
#     uk: "Другий root - це або чорний хід, або адміністратор, якого ніхто не бачить."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["5.4"]
#     nist80053: [AC-2, AC-6]
#     iso27001: [A.8.2]
#   remedy:
#     en: >-
#       Find out who made the named accounts and why. Remove them, or give them a user id of their own and the
#       rights they need through sudo.
#     uk: >-
#       З'ясуйте, хто й навіщо створив названі облікові записи. Вилучіть їх або надайте їм власний
#       ідентифікатор, а потрібні права - через sudo.
#   reasons:
#     more:
#       en: "Besides root, these accounts have the user id 0: {users}."
#       uk: "Крім root, ідентифікатор 0 мають: {users}."
#     only_root:
#       en: "Only root has the user id 0."
#       uk: "Ідентифікатор 0 має лише root."
package baseline.accounts.uid_zero

more := [user.name |
	some user in input.accounts.users
	user.uid == 0
	user.name != "root"
]

persisted := {"verdict": "fail", "reason": "more", "params": {"users": more}, "evidence": {"users": more}} if {
	count(more) > 0
} else := {"verdict": "pass", "reason": "only_root"} if {
	count(input.accounts.users) > 0
}
