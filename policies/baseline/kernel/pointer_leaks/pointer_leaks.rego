# METADATA
# title: The kernel does not show its addresses to users
# description: >-
#   Addresses of the kernel in /proc help an attack on the kernel to hit. kernel.kptr_restrict must be 1 or 2.
#   The persisted half reads sysctl.d and, where it is silent, the value built into every kernel; a value that
#   differs between kernels is not guessed.
# custom:
#   uk:
#     title: Ядро не показує користувачам своїх адрес
#     rationale: >-
#       Адреси ядра, видимі в /proc, допомагають влучити під час нападу на ядро. kernel.kptr_restrict має
#       дорівнювати 1 або 2. Що діятиме після перезавантаження, визначається за sysctl.d, а де там нічого не
#       сказано - за значенням, спільним для всіх ядер; значення, різні в різних ядрах, не вгадуються.
#   severity: medium
#   severity_reason:
#     en: "It is one step of an attack by somebody who already is on the host."
#     uk: "Це один із кроків нападу того, хто вже має доступ до вузла."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-02]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5"]
#     nist80053: [SI-16, CM-6]
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
#       printf 'kernel.kptr_restrict = 1\n' > /etc/sysctl.d/90-vymir-pointer-leaks.conf
#       sysctl --system
#     rhel: |-
#       printf 'kernel.kptr_restrict = 1\n' > /etc/sysctl.d/90-vymir-pointer-leaks.conf
#       sysctl --system
#     alpine: |-
#       printf 'kernel.kptr_restrict = 1\n' > /etc/sysctl.d/90-vymir-pointer-leaks.conf
#       sysctl --system
#     openwrt: |-
#       printf 'kernel.kptr_restrict = 1\n' > /etc/sysctl.d/90-vymir-pointer-leaks.conf
#       sysctl -p /etc/sysctl.d/90-vymir-pointer-leaks.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.pointer_leaks

import data.lib.sysctl

wanted := {"kernel.kptr_restrict": {1, 2}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
