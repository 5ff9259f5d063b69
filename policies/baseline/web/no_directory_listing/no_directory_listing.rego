# METADATA
# title: Web servers do not list directories
# description: >-
#   A listing shows visitors every file that lies beside the pages: backups, data bases, configuration. Listing must
#   be off unless it is the purpose of the site.
# custom:
#   uk:
#     title: Вебсервери не показують вміст каталогів
#     rationale: >-
#       Перелік показує відвідувачам кожен файл поруч зі сторінками: резервні копії, бази даних, налаштування. Його
#       має бути вимкнено, якщо це не призначення самого сайту.
#   severity: low
#   severity_reason:
#     en: It eases the finding of forgotten files.
#     uk: Це полегшує пошук забутих файлів.
#   capability: email_web
#   halves: [persisted]
#   facts: [web_servers]
#   aliases: []
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1"]
#     nist80053: [CM-6, CM-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       nginx: remove autoindex on; Apache: Options -Indexes; then reload the server.
#     uk: >-
#       nginx: приберіть autoindex on; Apache: Options -Indexes; потім перезавантажте налаштування сервера.
#   reasons:
#     bad:
#       en: "Directory listing is on: {servers}."
#       uk: "Перелік каталогів увімкнено: {servers}."
#     good:
#       en: "No web server lists directories."
#       uk: "Жоден вебсервер не показує вміст каталогів."
package baseline.web.no_directory_listing

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
		s.autoindex == false
	}
}

bad contains s.name if {
	some s in input.web_servers.servers
	s.autoindex == true
}
