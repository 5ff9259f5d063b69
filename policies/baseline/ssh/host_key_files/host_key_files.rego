# METADATA
# title: Only the system can read the SSH host keys
# description: >-
#   Whoever reads a private host key can pose as this server. Each private key must belong to root and be closed
#   to others; a group may read it only when that is the group ssh_keys, which some distributions use.
# custom:
#   uk:
#     title: Ключі вузла SSH може читати лише система
#     rationale: >-
#       Хто прочитає приватний ключ вузла, той може видати себе за цей сервер. Кожен приватний ключ має належати
#       root і бути закритим для інших; читати його може лише група ssh_keys, яку використовують деякі
#       дистрибутиви.
#   severity: high
#   severity_reason:
#     en: "A copied host key lets another machine pass for this one, unnoticed."
#     uk: "Із копією ключа інша машина непомітно видає себе за цю."
#   capability: remote_access
#   halves: [persisted]
#   facts: [sshd]
#   aliases: [SSH-08]
#   baselines: [essential, server, workstation, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-03]
#     cis8: ["3.3"]
#     nist80053: [SC-12, AC-6]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Correct owner and mode of the named files. If a key was readable by others for some time, make a new one
#       and tell the users its fingerprint.
#     uk: >-
#       Виправте власника й права названих файлів. Якщо ключ певний час могли читати інші, створіть новий і
#       повідомте користувачам його відбиток.
#   remedy_commands:
#     debian: |-
#       chown root:root /etc/ssh/ssh_host_*_key && chmod 600 /etc/ssh/ssh_host_*_key
#     alpine: |-
#       chown root:root /etc/ssh/ssh_host_*_key && chmod 600 /etc/ssh/ssh_host_*_key
#   reasons:
#     open:
#       en: "Private host keys are open to others than root: {found}."
#       uk: "Приватні ключі вузла доступні не лише root: {found}."
#     closed:
#       en: "{count} private host keys are closed to others."
#       uk: "Приватних ключів вузла, закритих для інших: {count}."
package baseline.ssh.host_key_files

import data.lib.files

applies := input.sshd.installed

open := [files.said(key.file) |
	some key in input.sshd.host_keys
	object.get(key.file, "mode", "") != ""
	not closed(key.file)
]

closed(file) if {
	file.uid == 0
	not files.others_have(file, 7)
	not files.group_has(file, 7)
}

closed(file) if {
	file.uid == 0
	not files.others_have(file, 7)
	file.group == "ssh_keys"
	not files.group_has(file, 3)
}

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"files": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed", "params": {"count": count(input.sshd.host_keys)}} if {
	count(input.sshd.host_keys) > 0
}
