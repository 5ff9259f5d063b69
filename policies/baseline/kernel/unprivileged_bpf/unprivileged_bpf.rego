# METADATA
# title: Users cannot load programs into the kernel
# description: >-
#   The check of BPF programs that users load has been wrong many times, each time a way to root.
#   kernel.unprivileged_bpf_disabled must be 1 or 2. The persisted half reads sysctl.d and, where it is silent,
#   the value built into every kernel; a value that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Користувачі не можуть завантажувати програми в ядро
#     rationale: >-
#       Перевірка програм BPF, які завантажують користувачі, багато разів помилялася, і щоразу це відкривало
#       шлях до root. kernel.unprivileged_bpf_disabled має дорівнювати 1 або 2. Що діятиме після
#       перезавантаження, визначається за sysctl.d, а де там нічого не сказано - за значенням, спільним для всіх
#       ядер; значення, різні в різних ядрах, не вгадуються.
#   severity: medium
#   severity_reason:
#     en: "It needs an account on the host and an open flaw of the kernel."
#     uk: "Потрібні обліковий запис на вузлі та невиправлена вада ядра."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-03]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5"]
#     nist80053: [AC-6, CM-7]
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
#       printf 'kernel.unprivileged_bpf_disabled = 1\n' > /etc/sysctl.d/90-vymir-unprivileged-bpf.conf
#       sysctl --system
#     rhel: |-
#       printf 'kernel.unprivileged_bpf_disabled = 1\n' > /etc/sysctl.d/90-vymir-unprivileged-bpf.conf
#       sysctl --system
#     alpine: |-
#       printf 'kernel.unprivileged_bpf_disabled = 1\n' > /etc/sysctl.d/90-vymir-unprivileged-bpf.conf
#       sysctl --system
#     openwrt: |-
#       printf 'kernel.unprivileged_bpf_disabled = 1\n' > /etc/sysctl.d/90-vymir-unprivileged-bpf.conf
#       sysctl -p /etc/sysctl.d/90-vymir-unprivileged-bpf.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.unprivileged_bpf

import data.lib.sysctl

wanted := {"kernel.unprivileged_bpf_disabled": {1, 2}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
