# METADATA
# title: The container engine does not listen on the network
# description: >-
#   Whoever can talk to the API of a container engine is root on its host. The API must stay on its local socket;
#   where it must be reached over the network, it must ask for client certificates (tlsverify).
# custom:
#   uk:
#     title: Рушій контейнерів не слухає мережу
#     rationale: >-
#       Хто має доступ до API рушія контейнерів, той є root на вузлі. API має залишатися на локальному сокеті; якщо до
#       нього потрібен доступ мережею, він має вимагати клієнтські сертифікати (tlsverify).
#   severity: critical
#   severity_reason:
#     en: An open engine API gives root to anyone on the network.
#     uk: Відкритий API рушія дає права root будь-кому в мережі.
#   capability: hardening
#   halves: [persisted, live]
#   facts: [containers]
#   aliases: [SVC-06]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-01, PR.AA-05]
#     cis8: ["4.1", "4.8"]
#     nist80053: [AC-3, CM-7, SC-7]
#     iso27001: [A.8.9, A.8.20]
#   remedy:
#     en: >-
#       Remove tcp:// from the hosts of the engine (daemon.json, or -H in its unit) and restart it, which restarts
#       containers without a restart policy. For remote administration use SSH: docker -H ssh://host.
#     uk: >-
#       Приберіть tcp:// із параметра hosts рушія (daemon.json або -H у його службі) та перезапустіть його; контейнери
#       без політики перезапуску при цьому зупиняться. Для віддаленого керування користуйтеся SSH: docker -H
#       ssh://вузол.
#   reasons:
#     will_expose:
#       en: "{engine} is set to answer on the network without asking for a client certificate."
#       uk: "{engine} налаштовано відповідати в мережі, не вимагаючи клієнтського сертифіката."
#     exposed:
#       en: "{engine} answers on the network without asking for a client certificate."
#       uk: "{engine} відповідає в мережі, не вимагаючи клієнтського сертифіката."
#     closed:
#       en: "No container engine answers on the network."
#       uk: "Жоден рушій контейнерів не відповідає в мережі."
package baseline.containers.engine_api_not_exposed

applies := count(input.containers.engines) > 0

# of the engines only docker's files can open the API to the network
persisted := {"verdict": "fail", "reason": "will_expose", "params": {"engine": "docker"}, "evidence": {"exposed": ["docker"]}} if {
	some engine in input.containers.engines
	engine.tcp_configured == true
	object.get(engine, "tls_verify", false) == false
} else := {"verdict": "pass", "reason": "closed"} if {
	every engine in input.containers.engines {
		configured_closed(engine)
	}
}

configured_closed(engine) if engine.name != "docker"

configured_closed(engine) if engine.tcp_configured == false

configured_closed(engine) if {
	engine.tcp_configured == true
	engine.tls_verify == true
}

live := {
	"verdict": "fail",
	"reason": "exposed",
	"params": {"engine": min(exposed)},
	"evidence": {"exposed": exposed},
} if {
	count(exposed) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	every engine in input.containers.engines {
		closed(engine)
	}
}

exposed contains engine.name if {
	some engine in input.containers.engines
	engine.tcp_exposed == true
	object.get(engine, "tls_verify", false) == false
}

closed(engine) if engine.tcp_exposed == false

closed(engine) if {
	engine.tcp_exposed == true
	engine.tls_verify == true
}
