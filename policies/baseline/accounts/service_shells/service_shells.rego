# METADATA
# title: Service accounts have no login shell
# description: >-
#   Accounts of services are not for people. With a login shell, a stolen password or a planted key turns one of
#   them into a way in. Accounts below UID_MIN must have nologin or false as shell; some services need a shell
#   by design, and the parameter names those accounts.
# custom:
#   uk:
#     title: Службові облікові записи не мають оболонки входу
#     rationale: >-
#       Службові облікові записи не призначені для людей. За наявності оболонки входу викрадений пароль або
#       підкладений ключ перетворює такий запис на вхід до системи. Облікові записи з ідентифікатором, меншим за
#       UID_MIN, повинні мати оболонку nologin або false; деяким службам оболонка потрібна за задумом - їх
#       названо в параметрі.
#   severity: medium
#   severity_reason:
#     en: "It needs a password or a key for the account as well."
#     uk: "Для входу потрібен ще й пароль або ключ цього облікового запису."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-06]
#   baselines: [essential, server, workstation]
#   params:
#     - name: allowed
#       default: ["postgres", "git", "gitea", "forgejo", "gitlab-runner"]
#       meaning:
#         en: "Service accounts that may have a login shell."
#         uk: "Службові облікові записи, яким дозволено мати оболонку входу."
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["5.5", "4.7"]
#     nist80053: [AC-2, AC-6]
#     iso27001: [A.8.2]
#   remedy:
#     en: >-
#       Give the named accounts the shell /usr/sbin/nologin. Scheduled jobs of such an account that are started
#       with su may need su -s /bin/sh.
#     uk: >-
#       Задайте названим обліковим записам оболонку /usr/sbin/nologin. Завдання, які запускаються від їхнього
#       імені через su, можуть потребувати su -s /bin/sh.
#   remedy_commands:
#     debian: |-
#       usermod -s /usr/sbin/nologin NAME   # for every named account
#     rhel: |-
#       usermod -s /sbin/nologin NAME   # for every named account
#   reasons:
#     shells:
#       en: "These service accounts can open a shell: {users}."
#       uk: "Ці службові облікові записи можуть відкрити оболонку: {users}."
#     none:
#       en: "No service account has a login shell."
#       uk: "Жоден службовий обліковий запис не має оболонки входу."
package baseline.accounts.service_shells

shells := [sprintf("%s (%s)", [user.name, user.shell]) |
	some user in input.accounts.users
	user.system
	user.can_login
	not user.name in data.params.accounts.service_shells.allowed
]

persisted := {"verdict": "fail", "reason": "shells", "params": {"users": shells}, "evidence": {"users": shells}} if {
	count(shells) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	count(input.accounts.users) > 0
}
