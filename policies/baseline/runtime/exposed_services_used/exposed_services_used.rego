# METADATA
# title: Whatever listens to the network is used
# description: >-
#   A service has listened beyond this host for 30 days, and in all that time the kernel saw nobody from outside
#   connect to it. What nobody needs is only in the way of an attacker who finds a flaw in it: close it. Judged
#   once the probes have watched for 30 days.
# custom:
#   uk:
#     title: Усім, що доступне з мережі, користуються
#     rationale: >-
#       Служба 30 днів була доступна з інших вузлів, і за весь цей час ядро не зафіксувало жодного з'єднання
#       ззовні. Те, що нікому не потрібно, придасться лише зловмиснику, який знайде в ньому вразливість: закрийте
#       його. Оцінюється, коли зонди спостерігають щонайменше 30 днів.
#   severity: low
#   severity_reason:
#     en: It matters once a flaw is found in it.
#     uk: Це важливо, коли в службі знайдуть вразливість.
#   capability: perimeter
#   halves: [live]
#   facts: [runtime, sockets]
#   aliases: [NET-02]
#   baselines: [server]
#   params:
#     - name: expected
#       default: [22]
#       meaning:
#         en: ports that may listen without being used
#         uk: порти, які можуть бути доступними без використання
#   mappings:
#     csf2: [PR.IR-01, PR.PS-01]
#     cis8: ["4.8", "4.4"]
#     nist80053: [CM-7, SC-7]
#     iso27001: [A.8.9, A.8.20]
#   remedy:
#     en: >-
#       Ask whether the named services are needed from outside. Stop those that are not, or let them listen to
#       127.0.0.1. What has to be there for an emergency goes into the parameter.
#     uk: >-
#       З'ясуйте, чи потрібні названі служби ззовні. Непотрібні зупиніть або обмежте адресою 127.0.0.1. Те, що має
#       бути на випадок надзвичайної ситуації, внесіть до параметра.
#   reasons:
#     unused:
#       en: "Not used from outside for {days} days: {names}."
#       uk: "Не використовувалися ззовні {days} днів: {names}."
#     used:
#       en: "Whatever listened for {days} days was used from outside."
#       uk: "Усе, що було доступне {days} днів, використовували ззовні."
package baseline.runtime.exposed_services_used

import data.lib.probes

days := 30

# holes of a tenth are let pass: a restart, an hour without power
watched if input.runtime.observed_seconds >= ((days * 0.9) * 24) * 3600

# listens since before the time that is judged
old(listener) if {
	some l in input.runtime.listening
	l.port == listener.port
	not probes.recent(l.first_seen, days)
}

unused := [sprintf("%s %d", [object.get(l, "program", "?"), l.port]) |
	some l in input.sockets.listeners
	l.exposure in {"all", "public", "private"}
	l.peers_seen == 0
	not l.port in data.params.runtime.exposed_services_used.expected
	old(l)
]

# of whom it is not known who came
unknown := [l |
	some l in input.sockets.listeners
	startswith(l.protocol, "tcp")
	l.exposure in {"all", "public", "private"}
	not counted(l)
]

counted(l) if l.peers_seen >= 0

live := {"verdict": "fail", "reason": "unused", "params": {"names": sort({u | some u in unused}), "days": days}, "evidence": {"listeners": unused}} if {
	watched
	probes.proven("tcp_accept")
	count(unused) > 0
} else := {"verdict": "pass", "reason": "used", "params": {"days": days}} if {
	watched
	probes.proven("tcp_accept")
	is_array(input.sockets.listeners)
	is_array(input.runtime.listening)
	count(unknown) == 0
}
