# METADATA
# title: Web servers that the network reaches offer HTTPS
# description: >-
#   What travels over plain HTTP, passwords first, can be read and changed by everyone on the way. A web server that
#   others reach must have a TLS listener.
# custom:
#   uk:
#     title: Вебсервери, доступні з мережі, пропонують HTTPS
#     rationale: >-
#       Усе, що передається звичайним HTTP, передусім паролі, може прочитати та змінити кожен, хто на шляху.
#       Вебсервер, доступний іншим, повинен приймати з'єднання TLS.
#   severity: high
#   severity_reason:
#     en: Sign-in over plain HTTP gives the password away.
#     uk: Вхід через звичайний HTTP розкриває пароль.
#   capability: email_web
#   halves: [persisted]
#   facts: [web_servers]
#   aliases: [SVC-05, NET-04]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10", "4.6"]
#     nist80053: [SC-8]
#     iso27001: [A.8.24, A.8.26]
#   remedy:
#     en: >-
#       Get a certificate (an ACME client such as certbot does it without cost), add a TLS listener and redirect plain
#       HTTP to it.
#     uk: >-
#       Отримайте сертифікат (ACME-клієнт, наприклад certbot, робить це безкоштовно), додайте приймання TLS і
#       перенаправте на нього звичайний HTTP.
#   reasons:
#     bad:
#       en: "Plain HTTP only: {servers}."
#       uk: "Лише звичайний HTTP: {servers}."
#     good:
#       en: "Every web server offers HTTPS or stays on loopback."
#       uk: "Кожен вебсервер пропонує HTTPS або доступний лише локально."
package baseline.web.https_offered

applies := count(input.web_servers.servers) > 0

persisted := {
	"verdict": "fail",
	"reason": "bad",
	"params": {"servers": sort(bad)},
	"evidence": {"servers": sort(bad)},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "good"} if {
	count(input.web_servers.servers) > 0
	every s in input.web_servers.servers {
		s.plain_http_only == false
	}
}

bad contains s.name if {
	some s in input.web_servers.servers
	s.plain_http_only == true
}
