# METADATA
# title: The clock shows the right time
# description: >-
#   Jammed satellite time, a dead battery or a wrong hand set a clock off by minutes or years, and a clock can call
#   itself synchronised and be wrong. The server's clock, learnt at each check-in and carried on by the kernel's count
#   of time, says by how much this host's differs now.
# custom:
#   uk:
#     title: Годинник показує правильний час
#     rationale: >-
#       Глушіння супутникового часу, розряджена батарейка чи помилкове налаштування збивають годинник на хвилини або
#       роки, і годинник може вважатися синхронізованим, але показувати хибний час. Час сервера, який агент дізнається під
#       час кожного сеансу, показує, наскільки годинник вузла відхиляється тепер.
#   severity: medium
#   severity_reason:
#     en: Wrong clocks spoil logs, certificates and sign-in.
#     uk: Хибний час псує журнали, сертифікати та вхід.
#   capability: time
#   halves: [live]
#   facts: [time, agent]
#   baselines: [server, workstation, appliance]
#   params:
#     - name: max_skew_seconds
#       default: 300
#       meaning:
#         en: largest difference to the server's clock, in seconds
#         uk: найбільша розбіжність із годинником сервера, у секундах
#   mappings:
#     csf2: [PR.PS-04]
#     cis8: ["8.4"]
#     nist80053: [AU-8, SC-45]
#     iso27001: [A.8.17]
#   remedy:
#     en: >-
#       Set the clock, and find out what set it wrong: a time source that is jammed or spoofed, a dead battery of the
#       hardware clock, a virtual machine's host. Let several independent servers outvote a satellite receiver.
#     uk: >-
#       Установіть правильний час і з'ясуйте причину: джерело часу глушать чи підмінюють, розряджено батарейку
#       апаратного годинника або хибний час дає гіпервізор. Використовуйте кілька незалежних серверів часу, щоб вони
#       переважили супутниковий приймач.
#   remedy_commands:
#     debian: |-
#       timedatectl set-ntp true && timedatectl timesync-status
#     rhel: |-
#       chronyc sources && chronyc makestep
#     alpine: |-
#       chronyc sources && chronyc makestep
#     openwrt: |-
#       /etc/init.d/sysntpd restart && date
#   reasons:
#     ahead:
#       en: "The clock is ahead of the server's by {minutes} min."
#       uk: "Годинник випереджає годинник сервера на {minutes} хв."
#     behind:
#       en: "The clock is behind the server's by {minutes} min."
#       uk: "Годинник відстає від годинника сервера на {minutes} хв."
#     right:
#       en: "The clock agrees with the server's."
#       uk: "Годинник збігається з годинником сервера."
package baseline.time.right

default applies := true

# A host that never reached a server has none to compare with.
applies := false if {
	input.families.agent.state == "ok"
	not input.agent.last_check_in
	not input.time.server_skew_seconds
}

skew := input.time.server_skew_seconds

limit := data.params.time.right.max_skew_seconds

# Whole minutes: a difference that creeps by seconds is no news.
minutes := floor(abs(skew) / 60)

live := {"verdict": "fail", "reason": "ahead", "params": {"minutes": minutes}, "evidence": {"ahead_minutes": minutes}} if {
	skew > limit
} else := {"verdict": "fail", "reason": "behind", "params": {"minutes": minutes}, "evidence": {"behind_minutes": minutes}} if {
	skew < 0 - limit
} else := {"verdict": "pass", "reason": "right"} if {
	is_number(skew)
}
