# METADATA
# title: SSH users cannot set the environment of their session
# description: >-
#   PermitUserEnvironment lets a user set LD_PRELOAD and the like, which can undo forced commands and restricted
#   shells. It must be no, which is the default.
# custom:
#   uk:
#     title: Користувачі SSH не змінюють середовище сеансу
#     rationale: >-
#       PermitUserEnvironment дає користувачеві змогу задати LD_PRELOAD та подібні змінні й обійти примусові
#       команди та обмежені оболонки. Має бути no; це типове значення.
#   severity: low
#   severity_reason:
#     en: "It matters only where users are restricted to certain commands."
#     uk: "Це важливо лише там, де користувачів обмежено певними командами."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: []
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1"]
#     nist80053: [CM-6, AC-17]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Correct the setting in sshd_config, its drop-ins and its Match blocks, check with sshd -t and reload
#       sshd.
#     uk: >-
#       Виправте параметр у sshd_config, у долучених файлах і в блоках Match, перевірте командою sshd -t і
#       перечитайте конфігурацію sshd.
#   remedy_commands:
#     debian: |-
#       printf 'PermitUserEnvironment no\n' > /etc/ssh/sshd_config.d/00-vymir-user-environment.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'PermitUserEnvironment no\n' > /etc/ssh/sshd_config.d/00-vymir-user-environment.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Users can set the environment: {found}."
#       uk: "Користувачі можуть задавати середовище: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.user_environment

import data.lib.sshd

applies := sshd.openssh

wanted := {"PermitUserEnvironment": {"no"}}

persisted := sshd.judge(input.sshd.persisted, wanted)

live := sshd.not_running if {
	sshd.stopped
} else := sshd.judge(input.sshd.live, wanted)
