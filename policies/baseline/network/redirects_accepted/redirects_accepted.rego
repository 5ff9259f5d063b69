# METADATA
# title: The host takes no new routes from strangers
# description: >-
#   An ICMP redirect tells a host to send its traffic another way; on a local network anybody can send one and
#   read the traffic. accept_redirects must be 0 for all and default of IPv4 and IPv6. In the running kernel the
#   value that really holds for each interface is computed, which for IPv4 depends on whether it forwards.
# custom:
#   uk:
#     title: Вузол не приймає маршрутів від сторонніх
#     rationale: >-
#       Повідомлення ICMP redirect велить вузлу слати трафік іншим шляхом; у локальній мережі його може
#       надіслати будь-хто й читати цей трафік. accept_redirects має дорівнювати 0 для all і default в IPv4 та
#       IPv6. На працюючому ядрі обчислюється значення, що справді діє для кожного інтерфейсу; для IPv4 воно
#       залежить від пересилання пакетів.
#   severity: medium
#   severity_reason:
#     en: "Whoever is on the same network can put himself between the host and the others."
#     uk: "Будь-хто в тій самій мережі може стати між вузлом та іншими."
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
#       printf 'net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.conf.default.accept_redirects = 0\nnet.ipv6.conf.all.accept_redirects = 0\nnet.ipv6.conf.default.accept_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-accepted.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.conf.default.accept_redirects = 0\nnet.ipv6.conf.all.accept_redirects = 0\nnet.ipv6.conf.default.accept_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-accepted.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.conf.default.accept_redirects = 0\nnet.ipv6.conf.all.accept_redirects = 0\nnet.ipv6.conf.default.accept_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-accepted.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.conf.default.accept_redirects = 0\nnet.ipv6.conf.all.accept_redirects = 0\nnet.ipv6.conf.default.accept_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-accepted.conf
#       sysctl -p /etc/sysctl.d/90-vymir-redirects-accepted.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.network.redirects_accepted

import data.lib.sysctl

wanted := {
	"net.ipv4.conf.all.accept_redirects": {0},
	"net.ipv4.conf.default.accept_redirects": {0},
	"net.ipv6.conf.all.accept_redirects": {0},
	"net.ipv6.conf.default.accept_redirects": {0},
}

persisted := sysctl.persisted(wanted)

v4(name) := sysctl.running(sprintf("net.ipv4.conf.%s.accept_redirects", [name]))

v6(name) := sysctl.running(sprintf("net.ipv6.conf.%s.accept_redirects", [name]))

# IPv4: a host takes redirects where "all" or the interface says so, an interface that forwards only where both do
taken contains v4(name) if {
	some name in sysctl.interfaces("ipv4")
	not forwards(name)
	1 in {v4("all").seen, v4(name).seen}
}

taken contains v4(name) if {
	v4("all").seen == 1
	some name in sysctl.interfaces("ipv4")
	forwards(name)
	v4(name).seen == 1
}

# IPv6: the interface decides, and one that forwards takes none
taken contains v6(name) if {
	some name in sysctl.interfaces("ipv6")
	v6(name).seen == 1
	not set(name, "forwarding")
	not set(name, "disable_ipv6")
}

set(name, key) if sysctl.running(sprintf("net.ipv6.conf.%s.%s", [name, key])).seen == 1

forwards(name) if sysctl.running(sprintf("net.ipv4.conf.%s.forwarding", [name])).seen == 1

live := {
	"verdict": "fail", "reason": "wrong",
	"params": {"found": [sysctl.said(s) | some s in taken]}, "evidence": {"found": taken},
} if {
	count(taken) > 0
} else := {"verdict": "pass", "reason": "right", "params": {"found": [sysctl.said(everywhere)]}} if {
	everywhere := v4("all")
}
