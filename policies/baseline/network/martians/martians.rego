# METADATA
# title: Packets with impossible addresses are logged
# description: >-
#   A packet that claims to come from an impossible address is a sign of spoofing or of a fault. log_martians
#   must be 1 for all, or for every interface.
# custom:
#   uk:
#     title: Пакети з неможливими адресами записуються в журнал
#     rationale: >-
#       Пакет із неможливою адресою відправника свідчить про підробку або несправність. log_martians має
#       дорівнювати 1 для all або для кожного інтерфейсу.
#   severity: low
#   severity_reason:
#     en: "It helps to notice, and stops nothing."
#     uk: "Це допомагає помітити, але нічого не зупиняє."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [sysctl]
#   aliases: [NET-07]
#   baselines: [server]
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.1"]
#     nist80053: [AU-12, SC-7]
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
#       printf 'net.ipv4.conf.all.log_martians = 1\nnet.ipv4.conf.default.log_martians = 1\n' > /etc/sysctl.d/90-vymir-martians.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.conf.all.log_martians = 1\nnet.ipv4.conf.default.log_martians = 1\n' > /etc/sysctl.d/90-vymir-martians.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.ipv4.conf.all.log_martians = 1\nnet.ipv4.conf.default.log_martians = 1\n' > /etc/sysctl.d/90-vymir-martians.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.ipv4.conf.all.log_martians = 1\nnet.ipv4.conf.default.log_martians = 1\n' > /etc/sysctl.d/90-vymir-martians.conf
#       sysctl -p /etc/sysctl.d/90-vymir-martians.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.network.martians

import data.lib.sysctl

persisted := sysctl.persisted({"net.ipv4.conf.all.log_martians": {1}})

value(name) := sysctl.running(sprintf("net.ipv4.conf.%s.log_martians", [name]))

silent contains value(name) if {
	value("all").seen == 0
	some name in sysctl.interfaces("ipv4")
	value(name).seen == 0
}

live := {
	"verdict": "fail", "reason": "wrong",
	"params": {"found": [sysctl.said(s) | some s in silent]}, "evidence": {"found": silent},
} if {
	count(silent) > 0
} else := {"verdict": "pass", "reason": "right", "params": {"found": [sysctl.said(everywhere)]}} if {
	everywhere := value("all")
}
