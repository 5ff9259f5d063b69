# METADATA
# title: Only root can change the configuration of the SSH server
# description: >-
#   Whoever can write to sshd_config or its drop-ins opens the host to himself. The files must belong to root
#   and must not be writable for group or others.
# custom:
#   uk:
#     title: Конфігурацію сервера SSH може змінювати лише root
#     rationale: >-
#       Хто може писати в sshd_config або в долучені файли, відкриє вузол для себе. Ці файли мають належати root
#       і бути недоступними для запису групі та іншим.
#   severity: high
#   severity_reason:
#     en: "A local user opens the host to the network, and becomes root."
#     uk: "Локальний користувач відкриває вузол для мережі та стає root."
#   capability: remote_access
#   halves: [persisted]
#   facts: [files]
#   aliases: [SSH-08]
#   baselines: [essential, server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, CM-5]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Give the named files to root and take write access away from group and others.
#     uk: >-
#       Передайте названі файли root і заберіть право запису в групи та інших.
#   remedy_commands:
#     debian: |-
#       chown -R root:root /etc/ssh/sshd_config* && chmod -R go-w /etc/ssh/sshd_config*
#     rhel: |-
#       chown -R root:root /etc/ssh/sshd_config* && chmod -R go-w /etc/ssh/sshd_config*
#   reasons:
#     open:
#       en: "Others than root can change the SSH server: {found}."
#       uk: "Сервер SSH може переналаштувати не лише root: {found}."
#     closed:
#       en: "Only root can change the SSH server."
#       uk: "Сервер SSH може переналаштувати лише root."
package baseline.filesystem.ssh_files

import data.lib.files

applies := files.present(input.files.paths["/etc/ssh/sshd_config"])

applies := false if files.absent(input.files.paths["/etc/ssh/sshd_config"])

open := [fault |
	some path, file in input.files.paths
	regex.match(`^/etc/ssh(/sshd_config(\.d(/[^/]+)?)?)?$`, path)
	file.kind in {"file", "dir"}
	some fault in files.faults(file, "022")
]

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"files": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	files.present(input.files.paths["/etc/ssh/sshd_config"])
}
