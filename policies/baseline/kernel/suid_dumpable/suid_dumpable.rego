# METADATA
# title: Privileged programs leave no memory dumps to users
# description: >-
#   A dump of a program that runs with more rights than its user can hold passwords. fs.suid_dumpable must be 0;
#   2, which systemd sets so that such dumps go to root only, passes too. The persisted half reads sysctl.d and,
#   where it is silent, the value built into every kernel; a value that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Привілейовані програми не лишають користувачам дампів пам'яті
#     rationale: >-
#       Дамп програми, що має більше прав, ніж її користувач, може містити паролі. fs.suid_dumpable має
#       дорівнювати 0; прийнятне й значення 2, яке встановлює systemd, - тоді такі дампи дістаються лише root.
#       Що діятиме після перезавантаження, визначається за sysctl.d, а де там нічого не сказано - за значенням,
#       спільним для всіх ядер; значення, різні в різних ядрах, не вгадуються.
#   severity: medium
#   severity_reason:
#     en: "It needs an account on the host and a program that crashes."
#     uk: "Потрібні обліковий запис на вузлі та програма, що аварійно завершується."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-04]
#   baselines: [essential, server, workstation]
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
#       printf 'fs.suid_dumpable = 0\n' > /etc/sysctl.d/90-vymir-suid-dumpable.conf
#       sysctl --system
#     rhel: |-
#       printf 'fs.suid_dumpable = 0\n' > /etc/sysctl.d/90-vymir-suid-dumpable.conf
#       sysctl --system
#     alpine: |-
#       printf 'fs.suid_dumpable = 0\n' > /etc/sysctl.d/90-vymir-suid-dumpable.conf
#       sysctl --system
#     openwrt: |-
#       printf 'fs.suid_dumpable = 0\n' > /etc/sysctl.d/90-vymir-suid-dumpable.conf
#       sysctl -p /etc/sysctl.d/90-vymir-suid-dumpable.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.suid_dumpable

import data.lib.sysctl

wanted := {"fs.suid_dumpable": {0, 2}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
