# METADATA
# title: SSH cuts off a connection after a few failed logins
# description: >-
#   MaxAuthTries limits how many passwords one connection can try, and sshd writes to its log from half of it
#   on. The default of 6 leaves more room than a person needs. A client that offers many keys may need a higher
#   limit - then raise the parameter rather than the setting of one host.
# custom:
#   uk:
#     title: SSH розриває з'єднання після кількох невдалих спроб входу
#     rationale: >-
#       MaxAuthTries обмежує, скільки паролів можна перебрати за одне з'єднання; від половини цього числа sshd
#       пише про спроби в журнал. Типове значення 6 більше, ніж потрібно людині. Клієнтові, який пропонує багато
#       ключів, може знадобитися більша межа - тоді змініть параметр вимоги, а не налаштування одного вузла.
#   severity: low
#   severity_reason:
#     en: "It slows guessing down and does not prevent it."
#     uk: "Це сповільнює підбирання паролів, але не запобігає йому."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-07]
#   baselines: [server, appliance]
#   applicability: true
#   params:
#     - name: limit
#       default: 4
#       meaning:
#         en: "The most tries one connection may have."
#         uk: "Найбільша дозволена кількість спроб за одне з'єднання."
#   mappings:
#     csf2: [PR.AA-03]
#     cis8: ["4.1"]
#     nist80053: [AC-7]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Set MaxAuthTries 4 in sshd_config, check with sshd -t and reload sshd.
#     uk: >-
#       Задайте MaxAuthTries 4 у sshd_config, перевірте командою sshd -t і перечитайте конфігурацію sshd.
#   remedy_commands:
#     debian: |-
#       printf 'MaxAuthTries 4\n' > /etc/ssh/sshd_config.d/00-vymir-tries.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'MaxAuthTries 4\n' > /etc/ssh/sshd_config.d/00-vymir-tries.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "One connection may try {seen} times ({where}), the limit is {limit}."
#       uk: "За одне з'єднання дозволено спроб: {seen} ({where}); межа - {limit}."
#     right:
#       en: "One connection may try {seen} times at most."
#       uk: "За одне з'єднання дозволено спроб не більше ніж {seen}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.max_auth_tries

import data.lib.sshd

applies := input.sshd.installed

persisted := sshd.judge_numbers(input.sshd.persisted, "MaxAuthTries", 1, data.params.ssh.max_auth_tries.limit)

live := sshd.not_running if {
	sshd.stopped
} else := sshd.judge_numbers(input.sshd.live, "MaxAuthTries", 1, data.params.ssh.max_auth_tries.limit)
