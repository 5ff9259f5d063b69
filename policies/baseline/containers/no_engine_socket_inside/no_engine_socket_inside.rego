# METADATA
# title: No container holds the engine's socket
# description: >-
#   A container into which docker.sock or its like is mounted can start any other container, a privileged one too: it
#   is root on the host in two steps.
# custom:
#   uk:
#     title: Жоден контейнер не має доступу до сокета рушія
#     rationale: >-
#       Контейнер, усередину якого змонтовано docker.sock чи подібний сокет, може запустити будь-який інший контейнер,
#       зокрема привілейований: за два кроки він стає root на вузлі.
#   severity: high
#   severity_reason:
#     en: It equals root on the host for the program inside.
#     uk: Для програми всередині це рівнозначно правам root на вузлі.
#   capability: hardening
#   halves: [live]
#   facts: [containers]
#   aliases: [SVC-06]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01, PR.AA-05]
#     cis8: ["4.1"]
#     nist80053: [AC-6, CM-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Recreate the container without the mount of the socket. Tools that really need it should go through a proxy
#       that allows reading only.
#     uk: >-
#       Створіть контейнер наново без монтування сокета. Засоби, яким він справді потрібен, мають звертатися через
#       проксі, що дозволяє лише читання.
#   reasons:
#     mounted:
#       en: "The engine's socket is mounted in: {names}."
#       uk: "Сокет рушія змонтовано в контейнерах: {names}."
#     none:
#       en: "No running container holds the engine's socket."
#       uk: "Жоден запущений контейнер не має сокета рушія."
package baseline.containers.no_engine_socket_inside

applies := count(input.containers.running) > 0

live := {
	"verdict": "fail",
	"reason": "mounted",
	"params": {"names": sort(bad)},
	"evidence": {"containers": sort(bad)},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	every c in input.containers.running {
		c.engine_socket_mounted == false
	}
}

bad contains object.get(c, "name", c.id) if {
	some c in input.containers.running
	c.engine_socket_mounted == true
}
