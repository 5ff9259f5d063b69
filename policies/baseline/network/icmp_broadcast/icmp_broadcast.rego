# METADATA
# title: The host does not answer pings to everybody
# description: >-
#   A host that answers pings sent to the broadcast address helps to flood somebody else, and bogus error
#   messages fill its log. Both parameters must be 1, which is the default. The persisted half reads sysctl.d
#   and, where it is silent, the value built into every kernel; a value that differs between kernels is not
#   guessed.
# custom:
#   uk:
#     title: Вузол не відповідає на луна-запити до всіх
#     rationale: >-
#       Вузол, що відповідає на луна-запити на широкомовну адресу, допомагає завалити трафіком когось іншого, а
#       хибні повідомлення про помилки забивають його журнал. Обидва параметри мають дорівнювати 1 (типове
#       значення). Що діятиме після перезавантаження, визначається за sysctl.d, а де там нічого не сказано - за
#       значенням, спільним для всіх ядер; значення, різні в різних ядрах, не вгадуються.
#   severity: low
#   severity_reason:
#     en: "Routers seldom let such packets through nowadays."
#     uk: "Маршрутизатори нині рідко пропускають такі пакети."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [NET-07]
#   baselines: [server, appliance]
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
#       printf 'net.ipv4.icmp_echo_ignore_broadcasts = 1\nnet.ipv4.icmp_ignore_bogus_error_responses = 1\n' > /etc/sysctl.d/90-vymir-icmp-broadcast.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.icmp_echo_ignore_broadcasts = 1\nnet.ipv4.icmp_ignore_bogus_error_responses = 1\n' > /etc/sysctl.d/90-vymir-icmp-broadcast.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.ipv4.icmp_echo_ignore_broadcasts = 1\nnet.ipv4.icmp_ignore_bogus_error_responses = 1\n' > /etc/sysctl.d/90-vymir-icmp-broadcast.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.ipv4.icmp_echo_ignore_broadcasts = 1\nnet.ipv4.icmp_ignore_bogus_error_responses = 1\n' > /etc/sysctl.d/90-vymir-icmp-broadcast.conf
#       sysctl -p /etc/sysctl.d/90-vymir-icmp-broadcast.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.network.icmp_broadcast

import data.lib.sysctl

wanted := {"net.ipv4.icmp_echo_ignore_broadcasts": {1}, "net.ipv4.icmp_ignore_bogus_error_responses": {1}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
