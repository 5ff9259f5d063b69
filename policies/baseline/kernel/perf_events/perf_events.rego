# METADATA
# title: Users cannot measure the kernel
# description: >-
#   The performance counters show what other programs do and have had flaws that lead to root.
#   kernel.perf_event_paranoid must be 2 or more. The persisted half reads sysctl.d and, where it is silent, the
#   value built into every kernel; a value that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Користувачі не можуть вимірювати ядро
#     rationale: >-
#       Лічильники продуктивності показують, що роблять інші програми, і мали вади, які вели до root.
#       kernel.perf_event_paranoid має бути не меншим за 2. Що діятиме після перезавантаження, визначається за
#       sysctl.d, а де там нічого не сказано - за значенням, спільним для всіх ядер; значення, різні в різних
#       ядрах, не вгадуються.
#   severity: low
#   severity_reason:
#     en: "It needs an account on the host and an open flaw."
#     uk: "Потрібні обліковий запис на вузлі та невиправлена вада."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-02]
#   baselines: [server]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5"]
#     nist80053: [CM-7, CM-6]
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
#       printf 'kernel.perf_event_paranoid = 2\n' > /etc/sysctl.d/90-vymir-perf-events.conf
#       sysctl --system
#     rhel: |-
#       printf 'kernel.perf_event_paranoid = 2\n' > /etc/sysctl.d/90-vymir-perf-events.conf
#       sysctl --system
#     alpine: |-
#       printf 'kernel.perf_event_paranoid = 2\n' > /etc/sysctl.d/90-vymir-perf-events.conf
#       sysctl --system
#     openwrt: |-
#       printf 'kernel.perf_event_paranoid = 2\n' > /etc/sysctl.d/90-vymir-perf-events.conf
#       sysctl -p /etc/sysctl.d/90-vymir-perf-events.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.perf_events

import data.lib.sysctl

wanted := {"kernel.perf_event_paranoid": {2, 3, 4}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
