# METADATA
# title: The host sends no redirects
# description: >-
#   Only a router has a reason to tell others a better way, and even there it is seldom wanted; on a taken-over
#   host it draws the traffic of others to it. send_redirects must be 0 for all and default. In the running
#   kernel redirects are sent where all or the interface allows it.
# custom:
#   uk:
#     title: Вузол не надсилає перенаправлень
#     rationale: >-
#       Повідомляти іншим кращий шлях має підстави лише маршрутизатор, та й там це рідко потрібно; захоплений
#       вузол так притягує чужий трафік. send_redirects має дорівнювати 0 для all і default. Працююче ядро
#       надсилає їх, якщо це дозволено для all або для інтерфейсу.
#   severity: low
#   severity_reason:
#     en: "It helps an intruder only once he holds the host."
#     uk: "Це допомагає зловмисникові лише після захоплення вузла."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [NET-07]
#   baselines: [server, appliance]
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
#       printf 'net.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.default.send_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-sent.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.default.send_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-sent.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.default.send_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-sent.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.default.send_redirects = 0\n' > /etc/sysctl.d/90-vymir-redirects-sent.conf
#       sysctl -p /etc/sysctl.d/90-vymir-redirects-sent.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.network.redirects_sent

import data.lib.sysctl

wanted := {"net.ipv4.conf.all.send_redirects": {0}, "net.ipv4.conf.default.send_redirects": {0}}

persisted := sysctl.persisted(wanted)

value(name) := sysctl.running(sprintf("net.ipv4.conf.%s.send_redirects", [name]))

sent contains value(name) if {
	some name in (sysctl.interfaces("ipv4") | {"all"})
	value(name).seen == 1
}

live := {
	"verdict": "fail", "reason": "wrong",
	"params": {"found": [sysctl.said(s) | some s in sent]}, "evidence": {"found": sent},
} if {
	count(sent) > 0
} else := {"verdict": "pass", "reason": "right", "params": {"found": [sysctl.said(everywhere)]}} if {
	everywhere := value("all")
}
