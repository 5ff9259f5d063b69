# METADATA
# title: A server runs no services made for desktops
# description: >-
#   Printing, service discovery and Bluetooth answer the network and are of no use on most servers. A print server is
#   scoped out by the parameter.
# custom:
#   uk:
#     title: На сервері не працюють служби, призначені для робочих станцій
#     rationale: >-
#       Друк, пошук служб у мережі та Bluetooth відповідають на запити й на більшості серверів не потрібні. Сервер
#       друку виключають параметром.
#   severity: low
#   severity_reason:
#     en: Each is one more program in reach of the network.
#     uk: Кожна з них є ще однією програмою, досяжною з мережі.
#   capability: hardening
#   halves: [persisted, live]
#   facts: [services]
#   aliases: [SVC-01]
#   baselines: [server]
#   params:
#     - name: allowed
#       default: []
#       meaning:
#         en: names of units that are meant to run
#         uk: назви служб, робота яких передбачена
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.8"]
#     nist80053: [CM-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Disable what is not needed.
#     uk: >-
#       Вимкніть непотрібне.
#   remedy_commands:
#     debian: |-
#       systemctl disable --now avahi-daemon.service avahi-daemon.socket cups.service cups-browsed.service bluetooth.service 2>/dev/null
#     rhel: |-
#       systemctl disable --now avahi-daemon.service avahi-daemon.socket cups.service cups-browsed.service bluetooth.service 2>/dev/null
#   reasons:
#     enabled:
#       en: "Starts at boot: {names}."
#       uk: "Запускаються під час завантаження: {names}."
#     running:
#       en: "Running now: {names}."
#       uk: "Зараз працюють: {names}."
#     none_running:
#       en: "No desktop service is running."
#       uk: "Жодна служба для робочих станцій не працює."
#     none:
#       en: "No desktop service starts at boot."
#       uk: "Служби для робочих станцій під час завантаження не запускаються."
package baseline.services.no_desktop_services

unit_names := {"avahi-daemon.service", "avahi-daemon.socket", "cups.service", "cups.socket", "cups-browsed.service", "bluetooth.service", "xinetd.service", "rpcbind.socket"}

found := [name |
	some name, unit in input.services.units
	name in unit_names
	unit.enabled == "enabled"
	not name in data.params.services.no_desktop_services.allowed
]

persisted := {"verdict": "fail", "reason": "enabled", "params": {"names": sort(found)}, "evidence": {"units": sort(found)}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	is_object(input.services.units)
}

running := [name |
	some name, unit in input.services.units
	name in unit_names
	unit.active == "active"
	not name in data.params.services.no_desktop_services.allowed
]

# undefined while the state of such a unit is not known
live := {"verdict": "fail", "reason": "running", "params": {"names": sort(running)}, "evidence": {"units": sort(running)}} if {
	count(running) > 0
} else := {"verdict": "pass", "reason": "none_running"} if {
	every name in unit_names {
		known(name)
	}
}

known(name) if {
	is_object(input.services.units)
	not input.services.units[name]
}

known(name) if input.services.units[name].active

known(name) if input.services.units[name].enabled == "masked"
