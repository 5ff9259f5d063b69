# METADATA
# title: Programs cannot map the lowest addresses
# description: >-
#   A flaw in the kernel that follows a null pointer is harmless while nobody can put data at address zero.
#   vm.mmap_min_addr must keep at least 32 KiB free; 65536 is usual, 32768 on Arm. The persisted half reads
#   sysctl.d and, where it is silent, the value this kernel was built with, if known.
# custom:
#   uk:
#     title: Програми не можуть зайняти найнижчі адреси пам'яті
#     rationale: >-
#       Вада ядра, що веде за нульовим покажчиком, нешкідлива, поки ніхто не може розмістити дані за нульовою
#       адресою. vm.mmap_min_addr має залишати вільними щонайменше 32 КіБ; звичайне значення - 65536, на Arm -
#       32768. Що діятиме після перезавантаження, визначається за sysctl.d, а де там нічого не сказано - за
#       значенням, з яким зібрано ядро, якщо воно відоме.
#   severity: medium
#   severity_reason:
#     en: "It turns a class of kernel flaws from take-over into a crash."
#     uk: "Завдяки цьому ціла група вад ядра веде до збою, а не до захоплення вузла."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [KRN-01]
#   baselines: [server, workstation]
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
#       printf 'vm.mmap_min_addr = 65536\n' > /etc/sysctl.d/90-vymir-null_page.conf
#       sysctl --system
#     rhel: |-
#       printf 'vm.mmap_min_addr = 65536\n' > /etc/sysctl.d/90-vymir-null_page.conf
#       sysctl --system
#     alpine: |-
#       printf 'vm.mmap_min_addr = 65536\n' > /etc/sysctl.d/90-vymir-null_page.conf
#       sysctl --system
#     openwrt: |-
#       printf 'vm.mmap_min_addr = 65536\n' > /etc/sysctl.d/90-vymir-null_page.conf
#       sysctl -p /etc/sysctl.d/90-vymir-null_page.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.kernel.null_page

import data.lib.sysctl

wanted := {"vm.mmap_min_addr": {32768, 65536}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted)
