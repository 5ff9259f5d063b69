# METADATA
# title: Addresses in memory are random
# description: >-
#   With randomised addresses an attacker who can overwrite memory does not know where to.
#   kernel.randomize_va_space must be 2, which is the default. The persisted half reads sysctl.d and, where it
#   is silent, the value built into every kernel; a value that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Адреси в пам'яті випадкові
#     rationale: >-
#       Коли адреси випадкові, нападник, що може перезаписати пам'ять, не знає, куди саме.
#       kernel.randomize_va_space має дорівнювати 2 (типове значення). Що діятиме після перезавантаження,
#       визначається за sysctl.d, а де там нічого не сказано - за значенням, спільним для всіх ядер; значення,
#       різні в різних ядрах, не вгадуються.
#   severity: high
#   severity_reason:
#     en: "Without it known flaws of programs become reliable attacks."
#     uk: "Без цього відомі вади програм стають надійними засобами нападу."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-01]
#   baselines: [essential, server, workstation, appliance]
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
#       printf 'kernel.randomize_va_space = 2\n' > /etc/sysctl.d/90-vymir-aslr.conf
#       sysctl --system
#     rhel: |-
#       printf 'kernel.randomize_va_space = 2\n' > /etc/sysctl.d/90-vymir-aslr.conf
#       sysctl --system
#     alpine: |-
#       printf 'kernel.randomize_va_space = 2\n' > /etc/sysctl.d/90-vymir-aslr.conf
#       sysctl --system
#     openwrt: |-
#       printf 'kernel.randomize_va_space = 2\n' > /etc/sysctl.d/90-vymir-aslr.conf
#       sysctl -p /etc/sysctl.d/90-vymir-aslr.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.aslr

import data.lib.sysctl

wanted := {"kernel.randomize_va_space": {2}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
