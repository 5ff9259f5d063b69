# METADATA
# title: Links and files in shared directories cannot deceive programs
# description: >-
#   In /tmp a link laid by one user makes a program of another write to the wrong file. fs.protected_symlinks
#   and fs.protected_hardlinks must be 1, fs.protected_fifos and fs.protected_regular 1 or 2. The persisted half
#   reads sysctl.d and, where it is silent, the value built into every kernel; a value that differs between
#   kernels is not guessed.
# custom:
#   uk:
#     title: Посилання та файли у спільних каталогах не обдурюють програм
#     rationale: >-
#       У /tmp посилання, підкладене одним користувачем, змушує програму іншого писати не в той файл.
#       fs.protected_symlinks і fs.protected_hardlinks мають дорівнювати 1, а fs.protected_fifos та
#       fs.protected_regular - 1 або 2. Що діятиме після перезавантаження, визначається за sysctl.d, а де там
#       нічого не сказано - за значенням, спільним для всіх ядер; значення, різні в різних ядрах, не вгадуються.
#   severity: high
#   severity_reason:
#     en: "It stops a whole class of ways from a user to root."
#     uk: "Це закриває цілий клас шляхів від користувача до root."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-01]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5"]
#     nist80053: [CM-6, AC-6]
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
#       printf 'fs.protected_symlinks = 1\nfs.protected_hardlinks = 1\nfs.protected_fifos = 1\nfs.protected_regular = 2\n' > /etc/sysctl.d/90-vymir-link-protection.conf
#       sysctl --system
#     rhel: |-
#       printf 'fs.protected_symlinks = 1\nfs.protected_hardlinks = 1\nfs.protected_fifos = 1\nfs.protected_regular = 2\n' > /etc/sysctl.d/90-vymir-link-protection.conf
#       sysctl --system
#     alpine: |-
#       printf 'fs.protected_symlinks = 1\nfs.protected_hardlinks = 1\nfs.protected_fifos = 1\nfs.protected_regular = 2\n' > /etc/sysctl.d/90-vymir-link-protection.conf
#       sysctl --system
#     openwrt: |-
#       printf 'fs.protected_symlinks = 1\nfs.protected_hardlinks = 1\nfs.protected_fifos = 1\nfs.protected_regular = 2\n' > /etc/sysctl.d/90-vymir-link-protection.conf
#       sysctl -p /etc/sysctl.d/90-vymir-link-protection.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.link_protection

import data.lib.sysctl

wanted := {"fs.protected_symlinks": {1}, "fs.protected_hardlinks": {1}, "fs.protected_fifos": {1, 2}, "fs.protected_regular": {2, 1}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
