# METADATA
# title: SSH refuses accounts with an empty password
# description: >-
#   An account without a password is open to anyone who knows its name. PermitEmptyPasswords must be no, which
#   is also the default, globally and in every Match block.
# custom:
#   uk:
#     title: SSH не пускає облікові записи з порожнім паролем
#     rationale: >-
#       Обліковий запис без пароля відкритий для кожного, хто знає його ім'я. PermitEmptyPasswords має
#       дорівнювати no (це й типове значення) у загальній частині та в кожному блоці Match.
#   severity: critical
#   severity_reason:
#     en: "Where it is allowed, an account without a password is open to the whole network."
#     uk: "Якщо це дозволено, обліковий запис без пароля відкритий для всієї мережі."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-03]
#   baselines: [essential, server, workstation, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2"]
#     nist80053: [AC-17, IA-5]
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
#       printf 'PermitEmptyPasswords no\n' > /etc/ssh/sshd_config.d/00-vymir-empty-passwords.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'PermitEmptyPasswords no\n' > /etc/ssh/sshd_config.d/00-vymir-empty-passwords.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Empty passwords are accepted: {found}."
#       uk: "Порожні паролі приймаються: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.empty_passwords

import data.lib.sshd

applies := input.sshd.installed

wanted := {"PermitEmptyPasswords": {"no"}}

persisted := sshd.judge(input.sshd.persisted, wanted)

live := sshd.not_running if {
	sshd.stopped
} else := sshd.judge(input.sshd.live, wanted)
