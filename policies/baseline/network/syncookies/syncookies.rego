# METADATA
# title: A flood of half-open connections does not stop the host
# description: >-
#   Without SYN cookies anyone can fill the table of waiting connections with a few packets.
#   net.ipv4.tcp_syncookies must be 1 or 2; 1 is the default. The persisted half reads sysctl.d and, where it is
#   silent, the value built into every kernel; a value that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Потік напіввідкритих з'єднань не зупиняє вузол
#     rationale: >-
#       Без SYN cookies будь-хто може кількома пакетами заповнити таблицю очікуваних з'єднань.
#       net.ipv4.tcp_syncookies має дорівнювати 1 (типове значення) або 2. Що діятиме після перезавантаження,
#       визначається за sysctl.d, а де там нічого не сказано - за значенням, спільним для всіх ядер; значення,
#       різні в різних ядрах, не вгадуються.
#   severity: medium
#   severity_reason:
#     en: "A weak attacker makes the services unreachable."
#     uk: "Навіть слабкий нападник робить служби недоступними."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [NET-07]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.1"]
#     nist80053: [SC-5, CM-6]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Put the values into a file of /etc/sysctl.d and load it with sysctl --system; remove other lines that
#       set them. No restart is needed.
#     uk: >-
#       Запишіть значення у файл каталогу /etc/sysctl.d і завантажте його командою sysctl --system; приберіть
#       інші рядки, що задають ці параметри. Перезавантаження не потрібне.
#   remedy_commands:
#     debian: |-
#       printf 'net.ipv4.tcp_syncookies = 1\n' > /etc/sysctl.d/90-vymir-syncookies.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.tcp_syncookies = 1\n' > /etc/sysctl.d/90-vymir-syncookies.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.ipv4.tcp_syncookies = 1\n' > /etc/sysctl.d/90-vymir-syncookies.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.ipv4.tcp_syncookies = 1\n' > /etc/sysctl.d/90-vymir-syncookies.conf
#       sysctl -p /etc/sysctl.d/90-vymir-syncookies.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.network.syncookies

import data.lib.sysctl

wanted := {"net.ipv4.tcp_syncookies": {1, 2}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
