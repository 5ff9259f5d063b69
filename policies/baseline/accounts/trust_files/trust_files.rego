# METADATA
# title: No home holds files that trust other hosts or keep passwords
# description: >-
#   .rhosts and .shosts let users of other machines in without a password; .netrc keeps passwords as plain text.
#   Nothing that still runs needs them on a server.
# custom:
#   uk:
#     title: У домашніх каталогах немає файлів довіри до інших вузлів і файлів з паролями
#     rationale: >-
#       .rhosts і .shosts пускають користувачів інших машин без пароля, а .netrc зберігає паролі відкритим
#       текстом. Жодному сучасному засобові на сервері вони не потрібні.
#   severity: medium
#   severity_reason:
#     en: "The password in a .netrc opens another system; .rhosts works only where old services run."
#     uk: "Пароль із .netrc відкриває іншу систему; .rhosts діє лише там, де працюють застарілі служби."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: []
#   baselines: [server]
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2", "3.11"]
#     nist80053: [IA-5, AC-3]
#     iso27001: [A.5.17]
#   remedy:
#     en: >-
#       Move the credentials into the program's own protected store and delete the named files.
#     uk: >-
#       Перенесіть облікові дані до захищеного сховища відповідної програми та вилучіть названі файли.
#   reasons:
#     found:
#       en: "These files should not be there: {found}."
#       uk: "Цих файлів не повинно бути: {found}."
#     none:
#       en: "No such files in the homes."
#       uk: "Таких файлів у домашніх каталогах немає."
package baseline.accounts.trust_files

forbidden := [file.path |
	some user in input.accounts.users
	some file in user.dot_files
	regex.match(`/\.(rhosts|shosts|netrc)$`, file.path)
]

looked_at := [user.name |
	some user in input.accounts.users
	user.dot_files
]

persisted := {"verdict": "fail", "reason": "found", "params": {"found": forbidden}, "evidence": {"files": forbidden}} if {
	count(forbidden) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	count(looked_at) > 0
}
