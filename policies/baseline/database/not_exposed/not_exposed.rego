# METADATA
# title: Databases do not listen beyond this host
# description: >-
#   A database that answers the network is tried with guessed passwords and with its own known weaknesses. Unless
#   another server needs it, it must listen on loopback only. Where it must be reached, the firewall may allow named
#   peers; then it is reachable only for them and passes. The persisted half reads the listen addresses in the
#   configuration and the firewall that starts at boot.
# custom:
#   uk:
#     title: Бази даних не слухають поза межами цього вузла
#     rationale: >-
#       База даних, що відповідає в мережі, стає ціллю підбору паролів і атак на її відомі вразливості. Якщо вона не
#       потрібна іншому серверу, вона має слухати лише локальний інтерфейс. Якщо доступ потрібен, міжмережевий екран
#       має дозволяти його лише визначеним адресам; тоді вимогу виконано. Що діятиме після перезавантаження,
#       визначається за адресами в конфігурації та міжмережевим екраном, який запускається під час завантаження.
#   severity: high
#   severity_reason:
#     en: Databases hold what attackers come for.
#     uk: У базах даних зберігається те, заради чого приходять зловмисники.
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [sockets, databases, firewall]
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
#     will_answer:
#       en: "Set to answer the network: {names}."
#       uk: "Налаштовано відповідати в мережі: {names}."
#     will_stay_local:
#       en: "Every database is set to answer this host only."
#       uk: "Усі бази даних налаштовано відповідати лише цьому вузлу."
#     local:
#       en: "No database answers beyond this host."
#       uk: "Жодна база даних не відповідає поза межами цього вузла."
package baseline.database.not_exposed

ports := {1433, 1521, 3306, 5432, 5984, 6379, 9042, 9200, 11211, 27017}

programs := {"postgres", "mysqld", "mariadbd", "redis-server", "valkey-server", "mongod", "memcached", "couchdb", "beam.smp", "cassandra"}

applies if count(databases) > 0

applies if count(configured) > 0

applies := false if {
	input.databases.servers == []
	count(databases) == 0
}

default configured := []

configured := input.databases.servers

usual_port := {
	"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379,
	"mongodb": 27017, "memcached": 11211, "elasticsearch": 9200,
}

will_answer := [db.name |
	some db in configured
	db.will_expose == true
	not usual_port[db.name] in data.params.database.not_exposed.allowed_ports
	not shut_by_firewall(usual_port[db.name])
]

# the firewall that starts at boot refuses what it does not name, and names this port for nobody or for some only
shut_by_firewall(port) if {
	input.firewall.manager_enabled == true
	input.firewall.configured.ipv4 in {"drop", "reject"}
	input.firewall.configured.ipv6 in {"drop", "reject"}
	every range in object.get(input.firewall.configured, "open", []) {
		elsewhere(range, port)
	}
}

elsewhere(range, _) if range.protocol != "tcp"

elsewhere(range, _) if range.limited

elsewhere(range, port) if port < range.from

elsewhere(range, port) if port > range.to

persisted := {"verdict": "fail", "reason": "will_answer", "params": {"names": will_answer}, "evidence": {"databases": will_answer}} if {
	count(will_answer) > 0
} else := {"verdict": "pass", "reason": "will_stay_local"} if {
	count(configured) > 0
	every db in configured {
		is_boolean(db.will_expose)
	}
}

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
	is_array(input.sockets.listeners)
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
