# METADATA
# title: The sender does not choose the way of packets
# description: >-
#   With source routing the sender says through which hosts a packet goes, and so gets past filters. Both IPv4
#   and IPv6 refuse such packets on every interface while all is 0, which is the default; the values of single
#   interfaces can then allow nothing.
# custom:
#   uk:
#     title: Шлях пакетів не визначає відправник
#     rationale: >-
#       За маршрутизації від джерела відправник сам указує, через які вузли йде пакет, і так обходить фільтри.
#       IPv4 та IPv6 відкидають такі пакети на всіх інтерфейсах, поки значення для all дорівнює 0 (типове);
#       значення окремих інтерфейсів тоді нічого не дозволяють.
#   severity: medium
#   severity_reason:
#     en: "It gets traffic past a firewall that trusts the way it came."
#     uk: "Так трафік проходить повз міжмережевий екран, який довіряє шляхові."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [NET-07]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.1"]
#     nist80053: [SC-7, CM-6]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Put the values for all and default into a file of /etc/sysctl.d, set those of the named interfaces too,
#       and load them with sysctl --system.
#     uk: >-
#       Запишіть значення для all і default у файл каталогу /etc/sysctl.d, задайте їх також для названих
#       інтерфейсів і завантажте командою sysctl --system.
#   remedy_commands:
#     debian: |-
#       printf 'net.ipv4.conf.all.accept_source_route = 0\nnet.ipv4.conf.default.accept_source_route = 0\nnet.ipv6.conf.all.accept_source_route = 0\nnet.ipv6.conf.default.accept_source_route = 0\n' > /etc/sysctl.d/90-vymir-source-route.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.conf.all.accept_source_route = 0\nnet.ipv4.conf.default.accept_source_route = 0\nnet.ipv6.conf.all.accept_source_route = 0\nnet.ipv6.conf.default.accept_source_route = 0\n' > /etc/sysctl.d/90-vymir-source-route.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.ipv4.conf.all.accept_source_route = 0\nnet.ipv4.conf.default.accept_source_route = 0\nnet.ipv6.conf.all.accept_source_route = 0\nnet.ipv6.conf.default.accept_source_route = 0\n' > /etc/sysctl.d/90-vymir-source-route.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.ipv4.conf.all.accept_source_route = 0\nnet.ipv4.conf.default.accept_source_route = 0\nnet.ipv6.conf.all.accept_source_route = 0\nnet.ipv6.conf.default.accept_source_route = 0\n' > /etc/sysctl.d/90-vymir-source-route.conf
#       sysctl -p /etc/sysctl.d/90-vymir-source-route.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.network.source_route

import data.lib.sysctl

wanted := {"net.ipv4.conf.all.accept_source_route": {0}, "net.ipv6.conf.all.accept_source_route": {0, -1}}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted) if {
	input.sysctl.live["net.ipv6.conf.all.accept_source_route"]
} else := sysctl.live({"net.ipv4.conf.all.accept_source_route": {0}})
