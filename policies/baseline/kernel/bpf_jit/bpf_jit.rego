# METADATA
# title: Programs compiled into the kernel are hardened
# description: >-
#   The kernel's compiler for BPF can be abused to place code of an attacker. net.core.bpf_jit_harden must be 1
#   (for users) or 2 (for all). The persisted half reads sysctl.d and, where it is silent, the value built into
#   every kernel; a value that differs between kernels is not guessed.
# custom:
#   uk:
#     title: Програми, скомпільовані в ядро, захищено
#     rationale: >-
#       Через компілятор BPF у ядрі можна підкласти код нападника. net.core.bpf_jit_harden має дорівнювати 1
#       (для користувачів) або 2 (для всіх). Що діятиме після перезавантаження, визначається за sysctl.d, а де
#       там нічого не сказано - за значенням, спільним для всіх ядер; значення, різні в різних ядрах, не
#       вгадуються.
#   severity: low
#   severity_reason:
#     en: "It is a second barrier behind the refusal of programs of users."
#     uk: "Це другий рубіж після заборони програм користувачів."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-03]
#   baselines: [server]
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
#       printf 'net.core.bpf_jit_harden = 2\n' > /etc/sysctl.d/90-vymir-bpf-jit.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.core.bpf_jit_harden = 2\n' > /etc/sysctl.d/90-vymir-bpf-jit.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.core.bpf_jit_harden = 2\n' > /etc/sysctl.d/90-vymir-bpf-jit.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.core.bpf_jit_harden = 2\n' > /etc/sysctl.d/90-vymir-bpf-jit.conf
#       sysctl -p /etc/sysctl.d/90-vymir-bpf-jit.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.bpf_jit

import data.lib.sysctl

wanted := {"net.core.bpf_jit_harden": {2, 1}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
