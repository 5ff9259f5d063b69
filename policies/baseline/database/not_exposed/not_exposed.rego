# METADATA
# title: Databases do not listen beyond this host
# description: >-
#   A database that answers the network is tried with guessed passwords and with its own known weaknesses. Unless
#   another server needs it, it must listen on loopback only. Where it must be reached, the firewall may allow named
#   peers; then it is reachable only for them and passes.
# custom:
#   uk:
#     title: Бази даних не слухають поза межами цього вузла
#     rationale: >-
#       База даних, що відповідає в мережі, стає ціллю підбору паролів і атак на її відомі вразливості. Якщо вона не
#       потрібна іншому серверу, вона має слухати лише локальний інтерфейс. Якщо доступ потрібен, міжмережевий екран
#       має дозволяти його лише визначеним адресам; тоді вимогу виконано.
#   severity: high
#   severity_reason:
#     en: Databases hold what attackers come for.
#     uk: У базах даних зберігається те, заради чого приходять зловмисники.
#   capability: perimeter
#   halves: [live]
#   facts: [sockets]
#   aliases: [SVC-05, NET-03]
#   baselines: [essential, server]
#   applicability: true
#   params:
#     - name: allowed_ports
#       default: []
#       meaning:
#         en: ports of databases that other hosts are meant to reach
#         uk: порти баз даних, доступ до яких з інших вузлів передбачено
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.4", "4.8"]
#     nist80053: [AC-4, CM-7, SC-7]
#     iso27001: [A.8.20, A.8.9]
#   remedy:
#     en: >-
#       Set the listen address to localhost and restart the database (PostgreSQL: listen_addresses; MySQL and MariaDB:
#       bind-address; Redis: bind; MongoDB: net.bindIp). If another server needs it, allow that address alone in the
#       firewall.
#     uk: >-
#       Задайте адресу прослуховування localhost і перезапустіть базу даних (PostgreSQL: listen_addresses; MySQL і
#       MariaDB: bind-address; Redis: bind; MongoDB: net.bindIp). Якщо вона потрібна іншому серверу, дозвольте в
#       міжмережевому екрані лише його адресу.
#   reasons:
#     exposed:
#       en: "{program} answers the network on port {port}."
#       uk: "{program} відповідає в мережі на порту {port}."
#     local:
#       en: "No database answers beyond this host."
#       uk: "Жодна база даних не відповідає поза межами цього вузла."
package baseline.database.not_exposed

ports := {1433, 1521, 3306, 5432, 5984, 6379, 9042, 9200, 11211, 27017}

programs := {"postgres", "mysqld", "mariadbd", "redis-server", "valkey-server", "mongod", "memcached", "couchdb", "beam.smp", "cassandra"}

applies := count(databases) > 0 if input.sockets.listeners

databases := [l |
	some l in input.sockets.listeners
	is_database(l)
]

is_database(l) if l.program in programs

is_database(l) if {
	l.port in ports
	not l.program
}

live := {
	"verdict": "fail",
	"reason": "exposed",
	"params": {"program": object.get(exposed[0], "program", "database"), "port": exposed[0].port},
	"evidence": {"listeners": exposed},
} if {
	count(exposed) > 0
} else := {"verdict": "pass", "reason": "local"} if {
	count(databases) > 0
	every l in databases {
		l.exposure
	}
}

exposed := [l |
	some l in databases
	l.exposure != "loopback"
	not object.get(l, "reachable", "yes") in {"no", "limited"}
	not l.port in data.params.database.not_exposed.allowed_ports
]
