# METADATA
# title: Only root can read how the system starts
# description: >-
#   The boot loader's configuration tells kernel options and may hold the hash of its password, which can be
#   guessed at leisure. Its files must belong to root, with no rights for group or others. Debian leaves
#   grub.cfg readable for all as long as it holds no password.
# custom:
#   uk:
#     title: Налаштування завантажувача може прочитати лише root
#     rationale: >-
#       Конфігурація завантажувача містить параметри ядра, а може містити й хеш пароля, який згодом можна
#       підібрати. Файли мають належати root, без жодних прав для групи та інших. Debian залишає grub.cfg
#       доступним для читання всім, доки в ньому немає пароля.
#   severity: low
#   severity_reason:
#     en: "What is read there helps only whoever already has an account here."
#     uk: "Прочитане там допоможе лише тому, хто вже має обліковий запис на вузлі."
#   capability: hardening
#   halves: [persisted]
#   facts: [files]
#   aliases: [BOOT-04]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, AC-6]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Give the named files to root and take all rights away from group and others. A new kernel writes grub.cfg
#       anew; check again after an upgrade.
#     uk: >-
#       Передайте названі файли root і заберіть усі права в групи та інших. Нове ядро створює grub.cfg заново,
#       тож перевірте ще раз після оновлення.
#   remedy_commands:
#     debian: |-
#       chown root:root /boot/grub/grub.cfg && chmod 0600 /boot/grub/grub.cfg
#     rhel: |-
#       chown root:root /boot/grub2/grub.cfg && chmod 0600 /boot/grub2/grub.cfg
#   reasons:
#     open:
#       en: "Others can read how the system starts: {found}."
#       uk: "Налаштування запуску може прочитати не лише root: {found}."
#     closed:
#       en: "Only root can read how the system starts."
#       uk: "Налаштування запуску може прочитати лише root."
package baseline.boot.loader_private

import data.lib.loader

applies := loader.configured

persisted := loader.judge("077")
