# METADATA
# title: Only routers pass packets on
# description: >-
#   A host with several interfaces that forwards packets joins networks that were meant to be apart, past every
#   firewall between them. Forwarding of IPv4 and IPv6 must be off, except on appliances and on hosts that run
#   containers, virtual networks or WireGuard, which need it and are left out.
# custom:
#   uk:
#     title: Пакети пересилають лише маршрутизатори
#     rationale: >-
#       Вузол із кількома інтерфейсами, що пересилає пакети, з'єднує мережі, які мали бути розділені, в обхід
#       усіх міжмережевих екранів. Пересилання IPv4 та IPv6 має бути вимкнене; винятком є мережеві пристрої та
#       вузли з контейнерами, віртуальними мережами чи WireGuard - їм воно потрібне, тож їх вимога не
#       стосується.
#   severity: medium
#   severity_reason:
#     en: "It opens a way between networks that nobody watches."
#     uk: "Це відкриває між мережами шлях, за яким ніхто не стежить."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [sysctl, containers, network]
#   aliases: [NET-06]
#   baselines: [server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.1", "12.2"]
#     nist80053: [SC-7, CM-7]
#     iso27001: [A.8.22]
#   remedy:
#     en: >-
#       Set net.ipv4.ip_forward and net.ipv6.conf.all.forwarding to 0 in sysctl.d and load them. If this host is
#       meant to be a router, set its role to appliance.
#     uk: >-
#       Задайте net.ipv4.ip_forward і net.ipv6.conf.all.forwarding рівними 0 у sysctl.d і завантажте ці
#       значення. Якщо вузол і має бути маршрутизатором, задайте йому роль appliance.
#   remedy_commands:
#     debian: |-
#       printf 'net.ipv4.ip_forward = 0\nnet.ipv6.conf.all.forwarding = 0\n' > /etc/sysctl.d/90-vymir-forwarding.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.ip_forward = 0\nnet.ipv6.conf.all.forwarding = 0\n' > /etc/sysctl.d/90-vymir-forwarding.conf
#       sysctl --system
#   reasons:
#     wrong:
#       en: "The host forwards packets: {found}."
#       uk: "Вузол пересилає пакети: {found}."
#     right:
#       en: "The host forwards no packets: {found}."
#       uk: "Вузол не пересилає пакетів: {found}."
package baseline.network.forwarding

import data.lib.sysctl

wanted := {"net.ipv4.ip_forward": {0}, "net.ipv6.conf.all.forwarding": {0}}

router if input.host.role == "appliance"

router if count(input.containers.engines) > 0

router if count(input.network.wireguard) > 0

router if {
	some interface in input.network.interfaces
	regex.match(`^(virbr|docker|cni|lxcbr|br-|podman|tun|tap|wg)`, interface.name)
}

applies := false if {
	router
} else if {
	input.sysctl
	input.host.role
}

persisted := sysctl.persisted(wanted)

live := sysctl.live(wanted) if {
	input.sysctl.live["net.ipv6.conf.all.forwarding"]
} else := sysctl.live({"net.ipv4.ip_forward": {0}})
