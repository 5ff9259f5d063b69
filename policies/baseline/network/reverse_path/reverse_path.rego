# METADATA
# title: Packets with a forged sender are dropped
# description: >-
#   A packet that comes in where the way back to its sender does not lead is forged or misrouted. rp_filter must
#   be 1 (strict) or 2 (loose); for each interface the greater of all and its own value holds. Hosts with
#   several uplinks need 2. Interfaces that do not exist yet take default.
# custom:
#   uk:
#     title: Пакети з підробленою адресою відправника відкидаються
#     rationale: >-
#       Пакет, що надійшов не тим шляхом, яким іде відповідь відправникові, підроблений або хибно спрямований.
#       rp_filter має дорівнювати 1 (суворо) або 2 (м'яко); для кожного інтерфейсу діє більше з двох - значення
#       all та його власне. Вузлам із кількома каналами потрібне 2. Інтерфейси, яких ще немає, візьмуть default.
#   severity: medium
#   severity_reason:
#     en: "Forged senders are the base of floods and of getting past address filters."
#     uk: "Підроблені адреси - основа завалювання трафіком і обходу фільтрів за адресами."
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
#       printf 'net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.default.rp_filter = 1\n' > /etc/sysctl.d/90-vymir-reverse-path.conf
#       sysctl --system
#     rhel: |-
#       printf 'net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.default.rp_filter = 1\n' > /etc/sysctl.d/90-vymir-reverse-path.conf
#       sysctl --system
#     alpine: |-
#       printf 'net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.default.rp_filter = 1\n' > /etc/sysctl.d/90-vymir-reverse-path.conf
#       sysctl --system
#     openwrt: |-
#       printf 'net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.default.rp_filter = 1\n' > /etc/sysctl.d/90-vymir-reverse-path.conf
#       sysctl -p /etc/sysctl.d/90-vymir-reverse-path.conf
#   reasons:
#     wrong:
#       en: "Not as it should be: {found}."
#       uk: "Не так, як має бути: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
package baseline.network.reverse_path

import data.lib.sysctl

configured(name) := sysctl.configured(sprintf("net.ipv4.conf.%s.rp_filter", [name]))

running(name) := sysctl.running(sprintf("net.ipv4.conf.%s.rp_filter", [name]))

# interfaces the files name by themselves, and "default" for all others
named := {"default"} | {name |
	some key, _ in input.sysctl.configured
	regex.match(`^net\.ipv4\.conf\.[^.]+\.rp_filter$`, key)
	name := split(key, ".")[3]
	not name in {"all", "lo"}
}

persisted := answer([n | some n in named], configured("all"), [c | some n in named; c := configured(n)])

live := answer(names, running("all"), [r | some n in names; r := running(n)]) if {
	names := [n | some n in sysctl.interfaces("ipv4")]
}

answer(names, everywhere, each) := {
	"verdict": "fail", "reason": "wrong",
	"params": {"found": [sysctl.said(s) | some s in open]}, "evidence": {"found": open, "all": everywhere.seen},
} if {
	open := [s | some s in each; max([s.seen, everywhere.seen]) == 0]
	count(open) > 0
} else := {"verdict": "pass", "reason": "right", "params": {"found": [sysctl.said(s) | some s in array.concat([everywhere], each)]}} if {
	count(each) == count(names)
	everywhere.where
}
