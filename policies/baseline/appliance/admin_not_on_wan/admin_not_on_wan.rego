# METADATA
# title: The router is not administered from the internet
# description: >-
#   SSH, telnet and the web pages of a router are tried from everywhere within minutes once the outside may reach
#   them. The rule set must not open their ports to anywhere; a VPN is the way in from afar. The live half is the rule
#   set the kernel holds.
# custom:
#   uk:
#     title: Маршрутизатором не керують з інтернету
#     rationale: >-
#       SSH, telnet і вебсторінки маршрутизатора починають випробовувати звідусіль за лічені хвилини після того, як
#       вони стають досяжними ззовні. Правила не повинні відкривати їхні порти будь-кому; віддалений шлях усередину це
#       VPN. Поточний стан визначають правила, завантажені в ядро.
#   severity: high
#   severity_reason:
#     en: Routers are taken over by the thousand this way.
#     uk: Саме так маршрутизатори захоплюють тисячами.
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [firewall, openwrt]
#   aliases: [OWRT-02, SSH-05, SSH-09]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["12.3", "4.4"]
#     nist80053: [AC-17, SC-7]
#     iso27001: [A.8.20, A.8.21]
#   remedy:
#     en: >-
#       Delete the rules that accept the administration ports from the wan zone and reload the firewall. Set WireGuard
#       up first if you work from afar, or you lock yourself out.
#     uk: >-
#       Вилучіть правила, що приймають порти адміністрування із зони wan, і перезавантажте міжмережевий екран. Якщо
#       працюєте віддалено, спершу налаштуйте WireGuard, інакше втратите доступ.
#   remedy_commands:
#     openwrt: |-
#       uci show firewall | grep -E "src='wan'|dest_port"   # find the rule, then:
#       # uci delete firewall.@rule[N] && uci commit firewall && /etc/init.d/firewall reload
#   reasons:
#     open:
#       en: "Open to anywhere: {ports}."
#       uk: "Відкрито будь-кому: {ports}."
#     closed:
#       en: "No administration port is open to anywhere."
#       uk: "Жоден порт адміністрування не відкрито будь-кому."
package baseline.appliance.admin_not_on_wan

applies := false if {
	input.families.openwrt.state == "not_applicable"
} else if {
	input.openwrt
}

admin := {22, 23, 80, 443, 2222, 8080, 8443}

opened(rules) := sort({port |
	some r in rules
	r.protocol == "tcp"
	object.get(r, "limited", false) == false
	some port in admin
	port >= r.from
	port <= r.to
})

judge(policy) := {"verdict": "fail", "reason": "open", "params": {"ports": opened(policy.open)}, "evidence": {"ports": opened(policy.open)}} if {
	count(opened(policy.open)) > 0
} else := {"verdict": "fail", "reason": "open", "params": {"ports": sort(admin)}} if {
	policy.ipv4 == "accept"
} else := {"verdict": "pass", "reason": "closed"} if {
	policy.ipv4 in {"drop", "reject"}
	policy.ipv6 in {"drop", "reject"}
}

persisted := judge(input.firewall.configured)

live := judge(input.firewall.input)
