# METADATA
# title: Network protocols that nobody uses cannot be loaded
# description: >-
#   Users can have the kernel load protocols like DCCP, RDS or TIPC just by asking for a socket; their code is
#   little tested and has led to root several times. Each must be unavailable, or switched off in modprobe.d by
#   an install line or a blacklist line.
# custom:
#   uk:
#     title: Мережеві протоколи, якими ніхто не користується, не завантажуються
#     rationale: >-
#       Користувач може змусити ядро завантажити протоколи на кшталт DCCP, RDS чи TIPC, просто відкривши сокет;
#       їхній код мало перевірений і вже кілька разів вів до root. Кожен має бути недоступним або вимкненим у
#       modprobe.d рядком install чи blacklist.
#   severity: low
#   severity_reason:
#     en: "It needs an account on the host and an open flaw in such a protocol."
#     uk: "Потрібні обліковий запис на вузлі та невиправлена вада такого протоколу."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [kernel]
#   aliases: [NET-13]
#   baselines: [server]
#   params:
#     - name: modules
#       default: ["dccp", "sctp", "rds", "tipc"]
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
#       Switch the named modules off in modprobe.d. If an application needs SCTP (telephony), take it out of the
#       parameter.
#     uk: >-
#       Вимкніть названі модулі в modprobe.d. Якщо якомусь застосунку потрібен SCTP (телефонія), вилучіть його з
#       параметра вимоги.
#   remedy_commands:
#     debian: |-
#       for m in dccp sctp rds tipc; do printf 'install %s /bin/false\nblacklist %s\n' $m $m; done > /etc/modprobe.d/vymir-protocols.conf
#     rhel: |-
#       for m in dccp sctp rds tipc; do printf 'install %s /bin/false\nblacklist %s\n' $m $m; done > /etc/modprobe.d/vymir-protocols.conf
#   reasons:
#     loadable:
#       en: "These protocols can be loaded by any user: {found}."
#       uk: "Ці протоколи може завантажити будь-який користувач: {found}."
#     loaded:
#       en: "These protocols are loaded: {found}."
#       uk: "Ці протоколи завантажено: {found}."
#     closed:
#       en: "None of these protocols can be loaded: {modules}."
#       uk: "Жоден із цих протоколів не можна завантажити: {modules}."
#     not_loaded:
#       en: "None of these protocols is loaded: {modules}."
#       uk: "Жоден із цих протоколів не завантажено: {modules}."
package baseline.kernel.rare_protocols

import data.lib.modules

asked := data.params.kernel.rare_protocols.modules

persisted := modules.persisted(asked)

live := modules.live(asked)
