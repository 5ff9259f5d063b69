# METADATA
# title: Databases that the network reaches speak TLS
# description: >-
#   A database connection in the clear shows passwords and data to everyone on the way. A database that listens on
#   loopback only is not concerned.
# custom:
#   uk:
#     title: Бази даних, доступні з мережі, використовують TLS
#     rationale: >-
#       Незашифроване з'єднання з базою даних показує паролі та дані кожному, хто на шляху. База даних, що слухає лише
#       локальний інтерфейс, під цю вимогу не підпадає.
#   severity: medium
#   severity_reason:
#     en: It takes someone on the path, and then gives away passwords.
#     uk: Потрібен зловмисник на шляху з'єднання, але тоді він отримує паролі.
#   capability: encryption
#   halves: [persisted]
#   facts: [databases]
#   aliases: [SVC-05]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10"]
#     nist80053: [SC-8]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Switch TLS on (PostgreSQL: ssl = on; MySQL and MariaDB: require_secure_transport = ON; Redis: tls-port) and
#       make clients require it.
#     uk: >-
#       Увімкніть TLS (PostgreSQL: ssl = on; MySQL і MariaDB: require_secure_transport = ON; Redis: tls-port) і
#       зробіть його обов'язковим для клієнтів.
#   reasons:
#     plain:
#       en: "These databases answer the network without TLS: {names}."
#       uk: "Ці бази даних відповідають у мережі без TLS: {names}."
#     encrypted:
#       en: "Every database that the network reaches speaks TLS."
#       uk: "Кожна база даних, доступна з мережі, використовує TLS."
package baseline.database.tls

applies := count(reached) > 0 if {
	every db in input.databases.servers {
		is_boolean(db.exposed)
	}
}

applies if count(reached) > 0

reached := [db | some db in input.databases.servers; db.exposed == true]

persisted := {
	"verdict": "fail",
	"reason": "plain",
	"params": {"names": sort(bad)},
	"evidence": {"databases": sort(bad)},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "encrypted"} if {
	count(reached) > 0
	every db in reached {
		db.tls == true
	}
}

bad contains db.name if {
	some db in reached
	db.tls == false
}
