# METADATA
# title: SSH records who logs in
# description: >-
#   Without LogLevel INFO or more the host keeps no record of logins and of the key that was used. VERBOSE and
#   the debug levels record more and pass; QUIET, FATAL and ERROR fail.
# custom:
#   uk:
#     title: SSH записує, хто входить
#     rationale: >-
#       Без LogLevel INFO або докладнішого вузол не зберігає записів про входи та про використаний ключ. VERBOSE
#       і рівні налагодження записують більше й прийнятні; QUIET, FATAL та ERROR є порушенням.
#   severity: medium
#   severity_reason:
#     en: "Without the record an intrusion over SSH is neither noticed nor understood."
#     uk: "Без записів злам через SSH не помітять і не з'ясують."
#   capability: monitoring
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: []
#   baselines: [server, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-04]
#     cis8: ["8.5"]
#     nist80053: [AU-3, AU-12]
#     iso27001: [A.8.15]
#   remedy:
#     en: >-
#       Correct the setting in sshd_config, its drop-ins and its Match blocks, check with sshd -t and reload
#       sshd.
#     uk: >-
#       Виправте параметр у sshd_config, у долучених файлах і в блоках Match, перевірте командою sshd -t і
#       перечитайте конфігурацію sshd.
#   remedy_commands:
#     debian: |-
#       printf 'LogLevel VERBOSE\n' > /etc/ssh/sshd_config.d/00-vymir-log-level.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'LogLevel VERBOSE\n' > /etc/ssh/sshd_config.d/00-vymir-log-level.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Too little is recorded: {found}."
#       uk: "Записується замало: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.log_level

import data.lib.sshd

applies := sshd.openssh

wanted := {"LogLevel": {"info", "verbose", "debug", "debug1", "debug2", "debug3"}}

persisted := sshd.judge(input.sshd.persisted, wanted)

live := sshd.not_running if {
	sshd.stopped
} else := sshd.judge(input.sshd.live, wanted)
