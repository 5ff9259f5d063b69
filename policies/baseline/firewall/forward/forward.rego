# METADATA
# title: A router passes on only what its rules allow
# description: >-
#   Packets that are routed through an appliance and that no rule names must be dropped or refused, or else the
#   networks behind it stand open to each other and to the internet. Hosts that are no routers are judged by
#   network.forwarding.
# custom:
#   uk:
#     title: Маршрутизатор пересилає лише дозволене правилами
#     rationale: >-
#       Пакети, що проходять крізь мережевий пристрій і не названі в жодному правилі, мають відкидатися або
#       відхилятися, інакше мережі за ним відкриті одна для одної та для інтернету. Вузли, що не є
#       маршрутизаторами, оцінює вимога network.forwarding.
#   severity: high
#   severity_reason:
#     en: "Every machine behind the router is open."
#     uk: "Відкритими стають усі машини за маршрутизатором."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [firewall]
#   aliases: [OWRT-03, NET-06]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.4", "12.2"]
#     nist80053: [SC-7]
#     iso27001: [A.8.22]
#   remedy:
#     en: >-
#       Set the default for forwarded packets to reject or drop and allow the ways that are meant, from lan to
#       wan for instance.
#     uk: >-
#       Задайте для пересилання типове відхилення або відкидання й дозвольте лише потрібні напрямки, наприклад з
#       lan до wan.
#   remedy_commands:
#     openwrt: |-
#       uci set firewall.@defaults[0].forward='REJECT'
#       uci commit firewall && /etc/init.d/firewall restart
#   reasons:
#     open:
#       en: "What no rule names is passed on."
#       uk: "Те, чого не названо в жодному правилі, пересилається далі."
#     no_manager:
#       en: "Nothing loads firewall rules when the system starts."
#       uk: "Під час запуску системи правила екрана не завантажуються."
#     not_enabled:
#       en: "{manager} has rules and does not start with the system."
#       uk: "{manager} має правила, але не запускається разом із системою."
#     closed:
#       en: "What no rule names is not passed on ({seen})."
#       uk: "Те, чого не названо в жодному правилі, не пересилається ({seen})."
package baseline.firewall.forward

import data.lib.firewall

applies := input.host.role == "appliance" if input.firewall

persisted := firewall.persisted("forward")

live := firewall.live("forward")
