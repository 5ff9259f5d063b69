# METADATA
# title: File systems that nobody uses cannot be loaded
# description: >-
#   The kernel's code for old file systems is little tested, and a prepared USB stick is enough to reach it.
#   cramfs, freevxfs, hfs, hfsplus and jffs2 must be unavailable, or switched off in modprobe.d by an install
#   line or a blacklist line.
# custom:
#   uk:
#     title: Файлові системи, якими ніхто не користується, не завантажуються
#     rationale: >-
#       Код ядра для старих файлових систем мало перевірений, і щоб дістатися до нього, досить підготовленого
#       USB-носія. cramfs, freevxfs, hfs, hfsplus і jffs2 мають бути недоступними або вимкненими в modprobe.d
#       рядком install чи blacklist.
#   severity: low
#   severity_reason:
#     en: "It needs somebody with a medium at the machine, and an open flaw."
#     uk: "Потрібні людина з носієм біля машини та невиправлена вада."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [kernel]
#   aliases: []
#   baselines: [server, workstation]
#   params:
#     - name: modules
#       default: ["cramfs", "freevxfs", "hfs", "hfsplus", "jffs2"]
#       meaning:
#         en: "The modules that must not be loadable."
#         uk: "Модулі, які не повинні завантажуватися."
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.8"]
#     nist80053: [CM-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Switch the named modules off in modprobe.d.
#     uk: >-
#       Вимкніть названі модулі в modprobe.d.
#   remedy_commands:
#     debian: |-
#       for m in cramfs freevxfs hfs hfsplus jffs2; do printf 'install %s /bin/false\nblacklist %s\n' $m $m; done > /etc/modprobe.d/vymir-filesystems.conf
#     rhel: |-
#       for m in cramfs freevxfs hfs hfsplus jffs2; do printf 'install %s /bin/false\nblacklist %s\n' $m $m; done > /etc/modprobe.d/vymir-filesystems.conf
#   reasons:
#     loadable:
#       en: "These file systems can be loaded: {found}."
#       uk: "Ці файлові системи можна завантажити: {found}."
#     loaded:
#       en: "These file systems are loaded: {found}."
#       uk: "Ці файлові системи завантажено: {found}."
#     closed:
#       en: "None of these file systems can be loaded: {modules}."
#       uk: "Жодну з цих файлових систем не можна завантажити: {modules}."
#     not_loaded:
#       en: "None of these file systems is loaded: {modules}."
#       uk: "Жодну з цих файлових систем не завантажено: {modules}."
package baseline.filesystem.rare_filesystems

import data.lib.modules

asked := data.params.filesystem.rare_filesystems.modules

persisted := modules.persisted(asked)

live := modules.live(asked)
