# METADATA
# title: Only root can change the rules of sudo
# description: >-
#   Whoever can write to sudoers or to a file it includes gives himself all rights. The files must belong to
#   root, and neither their group nor others may write to them.
# custom:
#   uk:
#     title: Правила sudo може змінювати лише root
#     rationale: >-
#       Хто може писати у sudoers або в долучений файл, той надасть собі всі права. Файли мають належати root, а
#       група та інші не повинні мати права запису.
#   severity: high
#   severity_reason:
#     en: "A writable file of rules is a way to root for a local user."
#     uk: "Доступний для запису файл правил - це шлях до прав root для локального користувача."
#   capability: identity
#   halves: [persisted]
#   facts: [files]
#   aliases: []
#   baselines: [essential, server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3", "5.4"]
#     nist80053: [AC-6, AC-3]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Give the named files to root and take write access away; check with visudo -c.
#     uk: >-
#       Передайте названі файли root і заберіть право запису; перевірте командою visudo -c.
#   remedy_commands:
#     debian: |-
#       chown root:root /etc/sudoers /etc/sudoers.d/* && chmod 440 /etc/sudoers /etc/sudoers.d/*
#       visudo -c
#     rhel: |-
#       chown root:root /etc/sudoers /etc/sudoers.d/* && chmod 440 /etc/sudoers /etc/sudoers.d/*
#       visudo -c
#   reasons:
#     open:
#       en: "Others than root can change the rules of sudo: {found}."
#       uk: "Правила sudo може змінити не лише root: {found}."
#     closed:
#       en: "Only root can change the rules of sudo."
#       uk: "Правила sudo може змінювати лише root."
package baseline.privilege.sudoers_files

import data.lib.files

applies := files.present(input.files.paths["/etc/sudoers"])

applies := false if files.absent(input.files.paths["/etc/sudoers"])

watched := [file |
	some path, file in input.files.paths
	regex.match(`^/etc/sudoers(\.d(/[^/]+)?)?$`, path)
]

open := [fault |
	some file in watched
	file.kind in {"file", "dir"}
	some fault in files.faults(file, "022")
]

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"files": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	input.files.paths["/etc/sudoers"].mode
}
