# METADATA
# title: Unexpected connections from the network are refused (IPv6)
# description: >-
#   Hosts get IPv6 addresses by themselves, and rules written for IPv4 do not hold for them; a host closed on
#   one side stands open on the other. The same is asked of IPv6 as of IPv4, except where IPv6 is switched off.
# custom:
#   uk:
#     title: Неочікувані з'єднання з мережі відхиляються (IPv6)
#     rationale: >-
#       Адреси IPv6 вузли отримують самі, а правила для IPv4 на них не поширюються; закритий з одного боку вузол
#       лишається відкритим з іншого. До IPv6 застосовуються ті самі вимоги, що й до IPv4, окрім вузлів, де IPv6
#       вимкнено.
#   severity: high
#   severity_reason:
#     en: "It is the same open door, and the one that is forgotten."
#     uk: "Це такі самі відчинені двері, про які ще й забувають."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [firewall, sysctl]
#   aliases: [NET-08, NET-01]
#   baselines: [essential, server, workstation, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.4", "4.5"]
#     nist80053: [SC-7, CM-7]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Give the firewall the same rules for IPv6 (with ufw IPV6=yes in /etc/default/ufw, with nftables a table
#       of the family inet), or switch IPv6 off where nobody needs it.
#     uk: >-
#       Задайте екранові ті самі правила для IPv6 (для ufw - IPV6=yes у /etc/default/ufw, для nftables - таблицю
#       типу inet) або вимкніть IPv6 там, де він нікому не потрібен.
#   remedy_commands:
#     debian: |-
#       sed -i 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw && ufw reload
#   reasons:
#     open:
#       en: "What no rule names is accepted over IPv6."
#       uk: "Через IPv6 приймається те, чого не названо в жодному правилі."
#     no_manager:
#       en: "Nothing loads firewall rules when the system starts."
#       uk: "Під час запуску системи правила екрана не завантажуються."
#     not_enabled:
#       en: "{manager} has rules and does not start with the system."
#       uk: "{manager} має правила, але не запускається разом із системою."
#     closed:
#       en: "What no rule names is refused over IPv6 ({seen})."
#       uk: "Через IPv6 відхиляється те, чого не названо в жодному правилі ({seen})."
package baseline.firewall.inbound_ipv6

import data.lib.firewall

off if input.sysctl.live["net.ipv6.conf.all.disable_ipv6"] == "1"

off if {
	not input.live
	input.sysctl.configured["net.ipv6.conf.all.disable_ipv6"].value == "1"
}

applies := false if {
	off
} else if {
	input.sysctl
}

persisted := firewall.persisted("ipv6")

live := firewall.live("ipv6")
