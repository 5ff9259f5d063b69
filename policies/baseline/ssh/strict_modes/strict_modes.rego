# METADATA
# title: SSH checks who may write the files of its users
# description: >-
#   With StrictModes no a key file that others may write still opens the account, so anyone with write access to
#   a home directory can log in as its owner. It must be yes, which is the default.
# custom:
#   uk:
#     title: SSH перевіряє, хто може змінювати файли користувачів
#     rationale: >-
#       За StrictModes no файл ключів, який можуть змінювати інші, однаково відкриває обліковий запис, тож
#       кожен, хто може писати в домашній каталог, увійде від імені його власника. Має бути yes; це типове
#       значення.
#   severity: medium
#   severity_reason:
#     en: "It turns a mistake in file permissions into a login."
#     uk: "Помилка в правах доступу до файлу перетворюється на вхід до системи."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: []
#   baselines: [server, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, CM-6]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Correct the setting in sshd_config, its drop-ins and its Match blocks, check with sshd -t and reload
#       sshd.
#     uk: >-
#       Виправте параметр у sshd_config, у долучених файлах і в блоках Match, перевірте командою sshd -t і
#       перечитайте конфігурацію sshd.
#   remedy_commands:
#     debian: |-
#       printf 'StrictModes yes\n' > /etc/ssh/sshd_config.d/00-vymir-strict-modes.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'StrictModes yes\n' > /etc/ssh/sshd_config.d/00-vymir-strict-modes.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Permissions are not checked: {found}."
#       uk: "Права доступу не перевіряються: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.strict_modes

import data.lib.sshd

applies := sshd.openssh

wanted := {"StrictModes": {"yes"}}

persisted := sshd.judge(input.sshd.persisted, wanted)

live := sshd.not_running if {
	sshd.stopped
} else := sshd.judge(input.sshd.live, wanted)
