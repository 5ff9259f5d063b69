# METADATA
# title: Only root can change how the system starts
# description: >-
#   Whoever can write to the boot loader's configuration decides which kernel starts and with which options. Its
#   files must belong to root and must not be writable for others.
# custom:
#   uk:
#     title: Порядок запуску системи може змінити лише root
#     rationale: >-
#       Хто може писати в конфігурацію завантажувача, той визначає, яке ядро запуститься та з якими параметрами.
#       Ці файли мають належати root і бути недоступними іншим для запису.
#   severity: medium
#   severity_reason:
#     en: "A local user becomes root at the next restart."
#     uk: "Локальний користувач стає root після наступного перезавантаження."
#   capability: hardening
#   halves: [persisted]
#   facts: [files]
#   aliases: [BOOT-04]
#   baselines: [server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, CM-5]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Give the named files to root and take write access away from others.
#     uk: >-
#       Передайте названі файли root і заберіть в інших право запису.
#   remedy_commands:
#     debian: |-
#       chown root:root /boot/grub/grub.cfg && chmod og-rwx /boot/grub/grub.cfg
#     rhel: |-
#       chown root:root /boot/grub2/grub.cfg && chmod og-rwx /boot/grub2/grub.cfg
#   reasons:
#     open:
#       en: "Others can change how the system starts: {found}."
#       uk: "Порядок запуску може змінити не лише root: {found}."
#     closed:
#       en: "Only root can change how the system starts."
#       uk: "Порядок запуску може змінити лише root."
package baseline.boot.loader_files

import data.lib.loader

applies := loader.configured

persisted := loader.judge("022")
