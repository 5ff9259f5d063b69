# METADATA
# title: Web servers do not announce their version
# description: >-
#   A version in every answer lets attackers pick the servers that a new weakness fits. Hiding it is no protection by
#   itself, so this matters little.
# custom:
#   uk:
#     title: Вебсервери не повідомляють своєї версії
#     rationale: >-
#       Версія в кожній відповіді дає зловмисникам змогу добирати сервери під нову вразливість. Саме приховання не є
#       захистом, тому вага вимоги невелика.
#   severity: info
#   severity_reason:
#     en: It only saves an attacker some work.
#     uk: Це лише заощаджує зловмиснику трохи часу.
#   capability: email_web
#   halves: [persisted]
#   facts: [web_servers]
#   aliases: []
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1"]
#     nist80053: [CM-6]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       nginx: server_tokens off; Apache: ServerTokens Prod and ServerSignature Off; then reload the server.
#     uk: >-
#       nginx: server_tokens off; Apache: ServerTokens Prod та ServerSignature Off; потім перезавантажте налаштування
#       сервера.
#   reasons:
#     told:
#       en: "These servers announce their version: {servers}."
#       uk: "Ці сервери повідомляють свою версію: {servers}."
#     hidden:
#       en: "No web server announces its version."
#       uk: "Жоден вебсервер не повідомляє своєї версії."
package baseline.web.version_hidden

quiet := {"off", "build", "prod", "productonly"}

applies := count(input.web_servers.servers) > 0

persisted := {
	"verdict": "fail",
	"reason": "told",
	"params": {"servers": sort(bad)},
	"evidence": {"servers": sort(bad)},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "hidden"} if {
	count(input.web_servers.servers) > 0
	every s in input.web_servers.servers {
		lower(s.server_tokens) in quiet
	}
}

bad contains s.name if {
	some s in input.web_servers.servers
	s.server_tokens != ""
	not lower(s.server_tokens) in quiet
}
