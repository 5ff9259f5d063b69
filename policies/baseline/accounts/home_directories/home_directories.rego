# METADATA
# title: Nobody else can write to the homes of users
# description: >-
#   Whoever can write to a home directory can plant a key or a start-up script and act as its owner. Each home
#   of a person and of root must belong to its owner; neither its group nor others may write to it: sshd, too,
#   then refuses the keys inside.
# custom:
#   uk:
#     title: У домашні каталоги користувачів не може писати ніхто інший
#     rationale: >-
#       Хто може писати в домашній каталог, той підкладе ключ або сценарій запуску й діятиме від імені власника.
#       Домашні каталоги людей і root мають належати власникам; ні група, ні інші не повинні мати права запису:
#       sshd у такому разі теж відкидає ключі з каталогу.
#   severity: medium
#   severity_reason:
#     en: "It gives one local user the rights of another, of root in the worst case."
#     uk: "Один локальний користувач отримує права іншого, у найгіршому разі - root."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-13]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, AC-6]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Take write access to the named directories away from group and others, and give each to its owner.
#     uk: >-
#       Заберіть у групи та інших право запису в названі каталоги й передайте кожен каталог його власникові.
#   remedy_commands:
#     debian: |-
#       chmod go-w DIRECTORY && chown OWNER: DIRECTORY   # for every named directory
#     rhel: |-
#       chmod go-w DIRECTORY && chown OWNER: DIRECTORY   # for every named directory
#   reasons:
#     open:
#       en: "These homes can be changed by others: {found}."
#       uk: "Ці домашні каталоги можуть змінювати інші: {found}."
#     closed:
#       en: "Nobody else can write to the home of a user."
#       uk: "У домашні каталоги може писати лише власник."
package baseline.accounts.home_directories

import data.lib.files

looked_at := [user |
	some user in input.accounts.users
	files.present(user.home_state)
]

open := [sprintf("%s: %s", [user.name, files.said(user.home_state)]) |
	some user in looked_at
	loose(user, user.home_state)
]

loose(_, home) if files.others_have(home, 2)

loose(_, home) if {
	files.group_has(home, 2)
	home.gid != 0
}

loose(user, home) if {
	home.uid != user.uid
	home.uid != 0
}

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"homes": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	count(looked_at) > 0
}
