# METADATA
# title: Names are resolved by trusted servers only
# description: >-
#   Whoever answers a host's questions for names decides where it goes, and reads what it asks for. The configured name
#   servers must not be on the list of forbidden ones, and must be on the approved list
#   where one is given. What runs must match: the kernel is asked to which public name servers programs really turn;
#   name servers of one's own and tools for trying, such as dig, are left out.
# custom:
#   uk:
#     title: Імена розв'язують лише довірені сервери
#     rationale: >-
#       Хто відповідає вузлу на запити імен, той вирішує, куди він піде, і бачить, що саме він запитує. Налаштовані
#       сервери імен не можуть бути в переліку заборонених, а якщо задано перелік
#       погоджених – мають належати до нього. Те, що відбувається насправді, має збігатися: ядро показує, до яких
#       публічних серверів імен програми звертаються; власні сервери імен і засоби перевірки на зразок dig не
#       враховуються.
#   severity: medium
#   severity_reason:
#     en: "A hostile name server sends sign-in pages and updates elsewhere."
#     uk: "Ворожий сервер імен скеровує сторінки входу й оновлення деінде."
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [network, runtime, sockets]
#   aliases: [NET-10]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: "addresses of the approved name servers; empty: no list is given"
#         uk: "адреси погоджених серверів імен; порожньо: переліку не задано"
#     - name: forbidden
#       default: []
#       meaning:
#         en: "addresses of name servers that must not be used"
#         uk: "адреси серверів імен, якими не можна користуватися"
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.9", "9.2"]
#     nist80053: [SC-20, SC-21]
#     iso27001: [A.8.20, A.5.23]
#   remedy:
#     en: >-
#       Point the host to name servers of your own, your provider's or another trusted one: by DNS= of
#       systemd-resolved, the settings of NetworkManager, or the DHCP server of the site. A program that asks others
#       has a setting of its own; find it by the name given.
#     uk: >-
#       Налаштуйте сервери імен власні, провайдерські чи інші довірені: через DNS= у systemd-resolved, налаштування
#       NetworkManager або сервер DHCP майданчика. Програма, що запитує інші сервери, має власне налаштування; шукайте
#       її за названим іменем.
#   remedy_commands:
#     debian: |-
#       resolvectl status 2>/dev/null || cat /etc/resolv.conf
#     rhel: |-
#       nmcli dev show | grep DNS
#     openwrt: |-
#       uci set network.wan.peerdns='0'
#       uci add_list network.wan.dns='192.0.2.53'   # the address of your own name server
#       uci commit network && /etc/init.d/network reload
#   reasons:
#     forbidden:
#       en: "Forbidden name servers are set: {found}."
#       uk: "Налаштовано заборонені сервери імен: {found}."
#     unapproved:
#       en: "Name servers that were not approved are set: {found}."
#       uk: "Налаштовано непогоджені сервери імен: {found}."
#     right:
#       en: "Name servers: {found}."
#       uk: "Сервери імен: {found}."
#     elsewhere:
#       en: "Programs ask other name servers: {found}."
#       uk: "Програми запитують інші сервери імен: {found}."
#     same:
#       en: "Programs ask the configured name servers."
#       uk: "Програми запитують налаштовані сервери імен."
package baseline.network.trusted_resolvers

params := data.params.network.trusted_resolvers

servers := {server | some server in input.network.resolvers}

forbidden := servers & {server | some server in params.forbidden}

unapproved := {server |
	count(params.approved) > 0
	some server in servers
	not server in params.approved
	not startswith(server, "127.")
	server != "::1"
}

persisted := {
	"verdict": "fail",
	"reason": "forbidden",
	"params": {"found": sort(forbidden)},
	"evidence": {"resolvers": sort(servers)},
} if {
	count(forbidden) > 0
} else := {
	"verdict": "fail",
	"reason": "unapproved",
	"params": {"found": sort(unapproved)},
	"evidence": {"resolvers": sort(servers), "approved": params.approved},
} if {
	count(unapproved) > 0
} else := {
	"verdict": "pass",
	"reason": "right",
	"params": {"found": sort(servers)},
	"evidence": {"resolvers": sort(servers)},
} if {
	is_array(input.network.resolvers)
}

# programs that ask many name servers by their nature
inquirers := {"dig", "host", "nslookup", "delv", "kdig", "drill", "named", "unbound", "dnsmasq", "pdns_recursor", "kresd", "dnscrypt-proxy"}

own_servers := {listener.program | some listener in input.sockets.listeners; listener.port == 53}

# asked within a day, so that the name servers of yesterday's network do not count
recent(flow) if {
	(time.parse_rfc3339_ns(data.clock.now) - time.parse_rfc3339_ns(flow.last_seen)) / ((60 * 60) * 1000000000) <= 24
}

elsewhere := {sprintf("%s → %s", [flow.program, flow.peer]) |
	some flow in input.runtime.datagrams
	flow.direction == "out"
	flow.port == 53
	flow.peer_class == "public"
	not flow.peer in servers
	not flow.peer in params.approved
	not flow.program in inquirers
	not flow.program in own_servers
	recent(flow)
}

live := {
	"verdict": "fail",
	"reason": "elsewhere",
	"params": {"found": sort(elsewhere)},
	"evidence": {"flows": sort(elsewhere), "resolvers": sort(servers)},
} if {
	is_array(input.network.resolvers)
	is_array(input.sockets.listeners)
	count(elsewhere) > 0
} else := {"verdict": "pass", "reason": "same"} if {
	proven
	is_array(input.network.resolvers)
	is_array(input.runtime.datagrams)
	object.get(input.runtime, "truncated", false) == false
}

# the probe that sees datagrams has shown that it works
proven if {
	some hook in input.runtime.hooks
	hook.event == "udp_send"
	hook.state == "proven"
}
