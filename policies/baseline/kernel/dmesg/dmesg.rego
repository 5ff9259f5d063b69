# METADATA
# title: Only root reads the messages of the kernel
# description: >-
#   The kernel's messages hold addresses and names of devices that help an attack. kernel.dmesg_restrict must be
#   1. The persisted half reads sysctl.d and, where it is silent, the value built into every kernel; a value
#   that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Повідомлення ядра читає лише root
#     rationale: >-
#       Повідомлення ядра містять адреси та назви пристроїв, корисні для нападу. kernel.dmesg_restrict має
#       дорівнювати 1. Що діятиме після перезавантаження, визначається за sysctl.d, а де там нічого не сказано -
#       за значенням, спільним для всіх ядер; значення, різні в різних ядрах, не вгадуються.
#   severity: low
#   severity_reason:
#     en: "It only tells, and only to somebody who already is on the host."
#     uk: "Це лише розкриває відомості, і лише тому, хто вже має доступ до вузла."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-02]
#   baselines: [server, workstation]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5"]
#     nist80053: [SI-11, CM-6]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Put the values into a file of /etc/sysctl.d and load it with sysctl --system; remove other lines that
#       set them. No restart is needed.
#     uk: >-
#       Запишіть значення у файл каталогу /etc/sysctl.d і завантажте його командою sysctl --system; приберіть
#       інші рядки, що задають ці параметри. Перезавантаження не потрібне.
#   remedy_commands:
#     debian: |-
#       printf 'kernel.dmesg_restrict = 1\n' > /etc/sysctl.d/90-vymir-dmesg.conf
#       sysctl --system
#     rhel: |-
#       printf 'kernel.dmesg_restrict = 1\n' > /etc/sysctl.d/90-vymir-dmesg.conf
#       sysctl --system
#     alpine: |-
#       printf 'kernel.dmesg_restrict = 1\n' > /etc/sysctl.d/90-vymir-dmesg.conf
#       sysctl --system
#     openwrt: |-
#       printf 'kernel.dmesg_restrict = 1\n' > /etc/sysctl.d/90-vymir-dmesg.conf
#       sysctl -p /etc/sysctl.d/90-vymir-dmesg.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.dmesg

import data.lib.sysctl

wanted := {"kernel.dmesg_restrict": {1}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
