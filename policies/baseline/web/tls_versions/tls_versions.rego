# METADATA
# title: Web servers speak TLS 1.2 or newer only
# description: >-
#   SSL 3, TLS 1.0 and 1.1 have known weaknesses and are switched off in every present browser, so they only serve
#   attackers.
# custom:
#   uk:
#     title: Вебсервери використовують лише TLS 1.2 або новіший
#     rationale: >-
#       SSL 3, TLS 1.0 і 1.1 мають відомі вразливості й вимкнені в усіх сучасних браузерах, тож служать лише
#       зловмисникам.
#   severity: medium
#   severity_reason:
#     en: Old versions let someone on the path weaken a connection.
#     uk: Старі версії дають змогу зловмиснику на шляху послабити з'єднання.
#   capability: email_web
#   halves: [persisted]
#   facts: [web_servers]
#   aliases: [SVC-05, CRY-01]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10"]
#     nist80053: [SC-8, SC-13]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       nginx: ssl_protocols TLSv1.2 TLSv1.3; Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3; then reload the server.
#       Programs older than about 2014 can no longer connect.
#     uk: >-
#       nginx: ssl_protocols TLSv1.2 TLSv1.3; Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3; потім перезавантажте
#       налаштування сервера. Програми, старші приблизно за 2014 рік, більше не зможуть з'єднатися.
#   reasons:
#     old:
#       en: "{server} still offers {versions}."
#       uk: "{server} досі пропонує {versions}."
#     modern:
#       en: "No web server offers anything older than TLS 1.2."
#       uk: "Жоден вебсервер не пропонує нічого старішого за TLS 1.2."
package baseline.web.tls_versions

old := {"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"}

applies := count(input.web_servers.servers) > 0

persisted := {
	"verdict": "fail",
	"reason": "old",
	"params": {"server": bad[0].server, "versions": bad[0].versions},
	"evidence": {"offers": bad},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "modern"} if {
	count(input.web_servers.servers) > 0
	every s in input.web_servers.servers {
		count(s.tls_protocols) > 0
	}
}

bad := [{"server": s.name, "versions": versions} |
	some s in input.web_servers.servers
	versions := [v | some v in s.tls_protocols; v in old]
	count(versions) > 0
]
