# METADATA
# title: Only the configured name servers are asked
# description: >-
#   The kernel saw a program ask a name server that this host is not set up to use. So name lookups pass by the
#   institution's filter, or malicious software carries data out in them. Programs that answer port 53 themselves,
#   and tools for looking names up, are left out. The last day counts, as the servers may change.
# custom:
#   uk:
#     title: Запити надсилають лише налаштованим серверам імен
#     rationale: >-
#       Ядро зафіксувало запит до сервера імен, який на цьому вузлі не налаштовано. Отже, запити обходять фільтр
#       установи або шкідливе ПЗ виносить у них дані. Програми, що самі відповідають на порту 53, та засоби для
#       пошуку імен не враховано. Береться остання доба, бо сервери можуть змінюватися.
#   severity: medium
#   severity_reason:
#     en: It goes round the filter and is a known way to carry data out.
#     uk: Так обходять фільтр і виносять дані.
#   capability: perimeter
#   halves: [live]
#   facts: [runtime, network, sockets]
#   aliases: [NET-06]
#   baselines: [server]
#   params:
#     - name: exempt
#       default: [systemd-resolve, dnsmasq, unbound, named, kresd, pdns_recursor, coredns, dnscrypt-proxy,
#         dockerd, dig, nslookup, host, drill, delv]
#       meaning:
#         en: names of programs that may ask any name server
#         uk: назви програм, яким дозволено звертатися до будь-яких серверів імен
#   mappings:
#     csf2: [DE.CM-01, PR.IR-01]
#     cis8: ["9.2", "13.3"]
#     nist80053: [SC-7, SC-20, SI-4]
#     iso27001: [A.8.20, A.8.23]
#   remedy:
#     en: >-
#       Find out why the named program does not use the host's name servers: change its configuration or remove it.
#       Let the firewall pass port 53 only to the configured servers.
#     uk: >-
#       З'ясуйте, чому названа програма не користується серверами імен вузла: змініть її налаштування або вилучіть
#       її. Дозвольте на міжмережевому екрані порт 53 лише до налаштованих серверів.
#   reasons:
#     seen:
#       en: "Asked elsewhere: {names}."
#       uk: "Зверталися до інших серверів: {names}."
#     none:
#       en: "Only the configured name servers were asked."
#       uk: "Зверталися лише до налаштованих серверів імен."
package baseline.runtime.resolvers_as_configured

import data.lib.probes

configured := {regex.replace(r, `[%#].*$`, "") | some r in input.network.resolvers}

own := {regex.replace(a, `/.*$`, "") | some i in input.network.interfaces; some a in i.addresses}

# who resolves for others asks the servers of the whole world
resolving := {l.program | some l in input.sockets.listeners; l.port == 53}

exempt(program) if program in resolving

exempt(program) if program in data.params.runtime.resolvers_as_configured.exempt

asked := array.concat(object.get(input.runtime, "datagrams", []), object.get(input.runtime, "connections", []))

found := [c |
	some c in asked
	c.direction == "out"
	c.port == 53
	c.peer
	c.peer_class != "loopback"
	not c.peer in configured
	not c.peer in own
	not exempt(c.program)
	probes.recent(c.last_seen, 1)
]

names := {sprintf("%s (%s)", [c.program, c.peer]) | some c in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"datagrams": found, "configured": configured}} if {
	count(configured) > 0
	is_array(input.sockets.listeners)
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	count(configured) > 0
	is_array(input.sockets.listeners)
	probes.whole("udp_send", input.runtime.datagrams)
	count(together) == 0
}

# asked by so many peers that they were counted without their addresses
together := [c |
	some c in asked
	c.direction == "out"
	c.port in {0, 53}
	c.peer_class != "loopback"
	not c.peer
	not exempt(c.program)
]
