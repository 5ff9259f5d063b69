# METADATA
# title: Passwords of people run out some day
# description: >-
#   A password that leaked unnoticed stays good for ever unless it must be changed some day. Every account of a
#   person that has a password needs a maximum age; a year is enough, shorter terms make people choose worse
#   passwords. Accounts without a password (locked, keys only) are left out.
# custom:
#   uk:
#     title: Термін дії паролів користувачів обмежено
#     rationale: >-
#       Пароль, викрадений непомітно, діє вічно, якщо його ніколи не треба міняти. Кожен обліковий запис людини,
#       що має пароль, потребує граничного строку; року досить, а коротші строки спонукають обирати гірші
#       паролі. Записи без пароля (заблоковані, лише з ключами) не враховуються.
#   severity: low
#   severity_reason:
#     en: "It bounds the damage of a leak that nobody noticed."
#     uk: "Це обмежує шкоду від витоку, якого ніхто не помітив."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: []
#   baselines: [server]
#   params:
#     - name: days
#       default: 365
#       meaning:
#         en: "The greatest age of a password, in days."
#         uk: "Найбільший строк дії пароля, у днях."
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2"]
#     nist80053: [IA-5]
#     iso27001: [A.5.17]
#   remedy:
#     en: >-
#       Set PASS_MAX_DAYS 365 in /etc/login.defs for new accounts, and for the named ones chage -M 365 NAME.
#       Warn their owners first - whoever does not change an overdue password in time may be locked out.
#     uk: >-
#       Задайте PASS_MAX_DAYS 365 у /etc/login.defs для нових облікових записів, а для названих - chage -M 365
#       ІМ'Я. Спершу попередьте їхніх власників: хто вчасно не змінить прострочений пароль, може втратити
#       доступ.
#   remedy_commands:
#     debian: |-
#       sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 365/' /etc/login.defs
#       chage -M 365 NAME   # for every named account
#   reasons:
#     never:
#       en: "These passwords stay good for longer than {days} days: {users}."
#       uk: "Ці паролі діють довше ніж {days} днів: {users}."
#     bounded:
#       en: "Every password of a person runs out within {days} days."
#       uk: "Строк дії кожного пароля користувача не перевищує {days} днів."
package baseline.accounts.password_age

limit := data.params.accounts.password_age.days

# people's accounts and root, when they have a password at all
with_password := [user |
	some user in input.accounts.users
	not user.system
	user.can_login
	user.password.state == "set"
]

old := [sprintf("%s (%v)", [user.name, object.get(user.password, "max_days", "–")]) |
	some user in with_password
	not bounded(user.password)
]

bounded(password) if {
	password.max_days > 0
	password.max_days <= limit
}

persisted := {
	"verdict": "fail", "reason": "never",
	"params": {"users": old, "days": limit}, "evidence": {"users": old, "wanted": limit},
} if {
	count(old) > 0
} else := {"verdict": "pass", "reason": "bounded", "params": {"days": limit}} if {
	input.accounts.shadow_read
	count(input.accounts.users) > 0
}
