# METADATA
# title: Programs cannot read the memory of each other
# description: >-
#   Without a limit any program of a user can read passwords and keys out of the others, of the browser or the
#   SSH agent for instance. kernel.yama.ptrace_scope must be 1, 2 or 3; a debugger still works on the programs
#   it starts. The persisted half reads sysctl.d and, where it is silent, the value built into every kernel; a
#   value that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Програми не читають пам'яті одна одної
#     rationale: >-
#       Без обмеження будь-яка програма користувача може читати паролі та ключі з пам'яті інших його програм,
#       скажімо переглядача чи агента SSH. kernel.yama.ptrace_scope має дорівнювати 1, 2 або 3; налагоджувач і
#       далі працює з програмами, які запускає сам. Що діятиме після перезавантаження, визначається за sysctl.d,
#       а де там нічого не сказано - за значенням, спільним для всіх ядер; значення, різні в різних ядрах, не
#       вгадуються.
#   severity: medium
#   severity_reason:
#     en: "One hostile program of a user reaches all others of that user."
#     uk: "Одна ворожа програма користувача дістається до всіх інших його програм."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-03]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5"]
#     nist80053: [SC-39, CM-6]
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
#       printf 'kernel.yama.ptrace_scope = 1\n' > /etc/sysctl.d/90-vymir-ptrace.conf
#       sysctl --system
#     rhel: |-
#       printf 'kernel.yama.ptrace_scope = 1\n' > /etc/sysctl.d/90-vymir-ptrace.conf
#       sysctl --system
#     alpine: |-
#       printf 'kernel.yama.ptrace_scope = 1\n' > /etc/sysctl.d/90-vymir-ptrace.conf
#       sysctl --system
#     openwrt: |-
#       printf 'kernel.yama.ptrace_scope = 1\n' > /etc/sysctl.d/90-vymir-ptrace.conf
#       sysctl -p /etc/sysctl.d/90-vymir-ptrace.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.ptrace

import data.lib.sysctl

wanted := {"kernel.yama.ptrace_scope": {1, 2, 3}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
