# METADATA
# title: Databases ask for a password
# description: >-
#   A database that lets anyone in who can reach its port has no lock at all. Ways in from the network must ask for a
#   password or a certificate; PostgreSQL must not use trust for network addresses, Redis and MongoDB must have
#   authentication switched on.
# custom:
#   uk:
#     title: Бази даних вимагають автентифікації
#     rationale: >-
#       База даних, що впускає кожного, хто дістався її порту, не має жодного замка. Доступ із мережі має вимагати
#       пароль або сертифікат; PostgreSQL не повинна використовувати trust для мережевих адрес, у Redis і MongoDB має
#       бути ввімкнено автентифікацію.
#   severity: critical
#   severity_reason:
#     en: Everything in it can be read, changed and erased without any password.
#     uk: Увесь її вміст можна прочитати, змінити чи знищити без жодного пароля.
#   capability: identity
#   halves: [persisted]
#   facts: [databases]
#   aliases: [SVC-05]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-01, PR.AA-03]
#     cis8: ["3.3", "5.2"]
#     nist80053: [AC-3, IA-2]
#     iso27001: [A.5.15, A.8.5]
#   remedy:
#     en: >-
#       PostgreSQL: replace trust by scram-sha-256 in the host lines of pg_hba.conf and reload. Redis: set requirepass
#       or ACL users. MongoDB: create an administrator, then set security.authorization: enabled. Applications need
#       the password too, so prepare them first.
#     uk: >-
#       PostgreSQL: замініть trust на scram-sha-256 у рядках host файлу pg_hba.conf і перечитайте налаштування. Redis:
#       задайте requirepass або користувачів ACL. MongoDB: створіть адміністратора, потім увімкніть
#       security.authorization: enabled. Спершу підготуйте прикладні програми: пароль знадобиться і їм.
#   reasons:
#     no_password:
#       en: "These databases let the network in without a password: {names}."
#       uk: "Ці бази даних впускають із мережі без пароля: {names}."
#     asked:
#       en: "Every database asks who comes from the network."
#       uk: "Кожна база даних перевіряє, хто звертається до неї з мережі."
package baseline.database.auth_required

applies := count(input.databases.servers) > 0

persisted := {
	"verdict": "fail",
	"reason": "no_password",
	"params": {"names": sort(bad)},
	"evidence": {"databases": sort(bad)},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "asked"} if {
	every db in input.databases.servers {
		db.auth_required == true
	}
}

bad contains db.name if {
	some db in input.databases.servers
	db.auth_required == false
}
