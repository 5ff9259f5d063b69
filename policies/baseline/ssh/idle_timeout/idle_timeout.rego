# METADATA
# title: SSH notices clients that have gone
# description: >-
#   A session whose client vanished (power cut, lost link) stays open for hours and can be taken over on its
#   host. With ClientAliveInterval above 0 and at most the parameter, and ClientAliveCountMax above 0, sshd asks
#   and closes what does not answer. It does not close sessions of people who only wait.
# custom:
#   uk:
#     title: SSH помічає клієнтів, що зникли
#     rationale: >-
#       Сеанс, клієнт якого зник (знеструмлення, втрата зв'язку), лишається відкритим годинами, і на його вузлі
#       ним можуть скористатися інші. Якщо ClientAliveInterval більший за 0 і не перевищує параметра, а
#       ClientAliveCountMax більший за 0, sshd опитує клієнта й закриває сеанс, що не відповідає. Сеанси людей,
#       які просто чекають, він не закриває.
#   severity: low
#   severity_reason:
#     en: "Somebody must already hold the host or the client."
#     uk: "Для цього хтось уже має контролювати вузол або клієнта."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-07]
#   baselines: [server]
#   applicability: true
#   params:
#     - name: seconds
#       default: 900
#       meaning:
#         en: "The longest interval, in seconds."
#         uk: "Найбільший інтервал, у секундах."
#   mappings:
#     csf2: [PR.AA-03]
#     cis8: ["4.3"]
#     nist80053: [AC-12, SC-10]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Set ClientAliveInterval 300 and ClientAliveCountMax 3 in sshd_config, check with sshd -t and reload
#       sshd. On a satellite or mobile link leave the count at 3 or more, so that short gaps close nothing.
#     uk: >-
#       Задайте ClientAliveInterval 300 і ClientAliveCountMax 3 у sshd_config, перевірте командою sshd -t і
#       перечитайте конфігурацію sshd. На супутниковому або мобільному каналі залиште лічильник не меншим за 3,
#       щоб короткі перерви не закривали сеансів.
#   remedy_commands:
#     debian: |-
#       printf 'ClientAliveInterval 300\nClientAliveCountMax 3\n' > /etc/ssh/sshd_config.d/00-vymir-alive.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'ClientAliveInterval 300\nClientAliveCountMax 3\n' > /etc/ssh/sshd_config.d/00-vymir-alive.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Clients are asked every {seen} s ({where}; 0 means never), the limit is {limit} s."
#       uk: "Клієнтів опитують кожні {seen} с ({where}; 0 - ніколи); межа - {limit} с."
#     never_closed:
#       en: "ClientAliveCountMax is 0, so no session is ever closed."
#       uk: "ClientAliveCountMax дорівнює 0, тож жоден сеанс не закривається."
#     right:
#       en: "Clients are asked every {seen} s."
#       uk: "Клієнтів опитують кожні {seen} с."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.idle_timeout

import data.lib.sshd

applies := sshd.openssh

persisted := judge(input.sshd.persisted)

live := sshd.not_running if {
	sshd.stopped
} else := judge(input.sshd.live)

judge(config) := {"verdict": "fail", "reason": "never_closed"} if {
	config.settings.clientalivecountmax[0] == "0"
} else := sshd.judge_numbers(config, "ClientAliveInterval", 1, data.params.ssh.idle_timeout.seconds)
