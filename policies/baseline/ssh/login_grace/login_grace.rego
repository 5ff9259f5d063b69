# METADATA
# title: SSH closes connections that do not log in
# description: >-
#   Connections that never log in hold places that others need, and an unlimited wait lets anybody occupy all of
#   them. LoginGraceTime must be set and at most two minutes, the default of OpenSSH.
# custom:
#   uk:
#     title: SSH закриває з'єднання, у яких не виконано вхід
#     rationale: >-
#       З'єднання без входу займають місця, потрібні іншим, а необмежене очікування дає змогу зайняти їх усі.
#       LoginGraceTime має бути заданий і не перевищувати двох хвилин - типового значення OpenSSH.
#   severity: low
#   severity_reason:
#     en: "It makes the server harder to reach; it opens nothing."
#     uk: "Сервер може стати недоступним, але доступу це не відкриває."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-07]
#   baselines: [server]
#   applicability: true
#   params:
#     - name: limit
#       default: 120
#       meaning:
#         en: "The longest wait for a login, in seconds."
#         uk: "Найдовше очікування входу, у секундах."
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1"]
#     nist80053: [AC-12, SC-5]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Set LoginGraceTime 60 in sshd_config, check with sshd -t and reload sshd.
#     uk: >-
#       Задайте LoginGraceTime 60 у sshd_config, перевірте командою sshd -t і перечитайте конфігурацію sshd.
#   remedy_commands:
#     debian: |-
#       printf 'LoginGraceTime 60\n' > /etc/ssh/sshd_config.d/00-vymir-grace.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'LoginGraceTime 60\n' > /etc/ssh/sshd_config.d/00-vymir-grace.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "A connection may wait {seen} s for a login ({where}; 0 means for ever), the limit is {limit} s."
#       uk: "З'єднання може чекати на вхід {seen} с ({where}; 0 - без обмеження); межа - {limit} с."
#     right:
#       en: "A connection is closed after {seen} s without a login."
#       uk: "З'єднання без входу закривається через {seen} с."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.login_grace

import data.lib.sshd

applies := sshd.openssh

persisted := sshd.judge_numbers(input.sshd.persisted, "LoginGraceTime", 1, data.params.ssh.login_grace.limit)

live := sshd.not_running if {
	sshd.stopped
} else := sshd.judge_numbers(input.sshd.live, "LoginGraceTime", 1, data.params.ssh.login_grace.limit)
