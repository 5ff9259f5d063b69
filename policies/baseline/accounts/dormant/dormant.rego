# METADATA
# title: No account that can be entered has been forgotten
# description: >-
#   An account that nobody uses is one whose takeover nobody notices. An account of a person with a password or
#   a key, whose last login is known and longer ago than the parameter, fails. Who never logged in, or only
#   through a way that leaves no record, is not judged.
# custom:
#   uk:
#     title: Немає забутих облікових записів, у які можна увійти
#     rationale: >-
#       Захоплення облікового запису, яким ніхто не користується, ніхто й не помітить. Порушенням є обліковий
#       запис людини з паролем або ключем, останній вхід до якого відомий і стався давніше, ніж указано в
#       параметрі. Записи без жодного входу або із входами, що не лишають сліду, не оцінюються.
#   severity: medium
#   severity_reason:
#     en: "It still needs the password or the key."
#     uk: "Для входу все ж потрібен пароль або ключ."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-05]
#   baselines: [server, workstation]
#   params:
#     - name: days
#       default: 90
#       meaning:
#         en: "Days without a login after which an account counts as forgotten."
#         uk: "Кількість днів без входу, після якої обліковий запис вважається забутим."
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.3"]
#     nist80053: [AC-2]
#     iso27001: [A.5.18]
#   remedy:
#     en: >-
#       Ask whether the named accounts are still needed. Lock those that are not with usermod -L -e 1 NAME, and
#       remove their keys.
#     uk: >-
#       З'ясуйте, чи потрібні ще названі облікові записи. Непотрібні заблокуйте командою usermod -L -e 1 ІМ'Я та
#       вилучіть їхні ключі.
#   reasons:
#     forgotten:
#       en: "Not used for more than {days} days: {users}."
#       uk: "Не використовуються понад {days} днів: {users}."
#     used:
#       en: "No account known to be unused for more than {days} days."
#       uk: "Облікових записів, про які відомо, що ними не користуються понад {days} днів, немає."
package baseline.accounts.dormant

limit := data.params.accounts.dormant.days

day_ns := ((24 * 60) * 60) * 1000000000

now_ns := time.parse_rfc3339_ns(data.clock.now)

forgotten := [sprintf("%s (%s)", [user.name, substring(user.last_login, 0, 10)]) |
	some user in input.accounts.users
	user.can_login
	not user.system
	enterable(user)
	now_ns - time.parse_rfc3339_ns(user.last_login) > limit * day_ns
]

enterable(user) if user.password.state == "set"

enterable(user) if count(user.authorized_keys) > 0

persisted := {
	"verdict": "fail", "reason": "forgotten",
	"params": {"users": forgotten, "days": limit}, "evidence": {"users": forgotten, "limit_days": limit},
} if {
	count(forgotten) > 0
} else := {"verdict": "pass", "reason": "used", "params": {"days": limit}} if {
	input.accounts.shadow_read
	count(input.accounts.users) > 0
}
