# METADATA
# title: SSH does not trust other hosts in place of users
# description: >-
#   With host-based authentication and .rhosts files a taken-over machine opens its neighbours without any
#   password or key of a user. HostbasedAuthentication must be no and IgnoreRhosts yes, which are the defaults.
# custom:
#   uk:
#     title: SSH не довіряє іншим вузлам замість користувачів
#     rationale: >-
#       За автентифікації на основі вузлів і файлів .rhosts захоплена машина відкриває сусідні без пароля чи
#       ключа користувача. HostbasedAuthentication має дорівнювати no, а IgnoreRhosts - yes; це типові значення.
#   severity: medium
#   severity_reason:
#     en: "It carries an intrusion from one host to the next, but is seldom switched on."
#     uk: "Це переносить злам з одного вузла на інші, але вмикають таке рідко."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: []
#   baselines: [essential, server, workstation, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-03]
#     cis8: ["5.2"]
#     nist80053: [IA-2, AC-17]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Correct the setting in sshd_config, its drop-ins and its Match blocks, check with sshd -t and reload
#       sshd.
#     uk: >-
#       Виправте параметр у sshd_config, у долучених файлах і в блоках Match, перевірте командою sshd -t і
#       перечитайте конфігурацію sshd.
#   remedy_commands:
#     debian: |-
#       printf 'HostbasedAuthentication no\nIgnoreRhosts yes\n' > /etc/ssh/sshd_config.d/00-vymir-host-based.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'HostbasedAuthentication no\nIgnoreRhosts yes\n' > /etc/ssh/sshd_config.d/00-vymir-host-based.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Other hosts are trusted: {found}."
#       uk: "Іншим вузлам довіряють: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.host_based

import data.lib.sshd

applies := sshd.openssh

wanted := {"HostbasedAuthentication": {"no"}, "IgnoreRhosts": {"yes", "shosts-only"}}

persisted := sshd.judge(input.sshd.persisted, wanted)

live := sshd.not_running if {
	sshd.stopped
} else := sshd.judge(input.sshd.live, wanted)
