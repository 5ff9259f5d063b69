# METADATA
# title: Programs inside cannot open ports to the outside
# description: >-
#   UPnP and NAT-PMP let any program, malicious ones too, open the router to the internet without asking.
# custom:
#   uk:
#     title: Програми всередині не можуть відкривати порти назовні
#     rationale: >-
#       UPnP і NAT-PMP дають будь-якій програмі, зокрема шкідливій, змогу без запиту відкрити маршрутизатор назовні.
#   severity: medium
#   severity_reason:
#     en: It takes a program inside, and then nobody notices.
#     uk: Потрібна програма всередині, але тоді цього ніхто не помітить.
#   capability: perimeter
#   halves: [persisted]
#   facts: [openwrt]
#   aliases: [OWRT-06]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-01]
#     cis8: ["4.8"]
#     nist80053: [CM-7, SC-7]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Disable miniupnpd; forward the few ports that are needed by hand.
#     uk: >-
#       Вимкніть miniupnpd; кілька потрібних портів перенаправте вручну.
#   remedy_commands:
#     openwrt: |-
#       uci set upnpd.config.enabled='0' && uci commit upnpd
#       /etc/init.d/miniupnpd stop; /etc/init.d/miniupnpd disable
#   reasons:
#     on:
#       en: "UPnP is on."
#       uk: "UPnP увімкнено."
#     off:
#       en: "UPnP is off."
#       uk: "UPnP вимкнено."
package baseline.appliance.upnp_off

applies := false if {
	input.families.openwrt.state == "not_applicable"
} else if {
	input.openwrt
}

persisted := {"verdict": "fail", "reason": "on"} if {
	input.openwrt.uci.upnpd.config.enabled == ["1"]
} else := {"verdict": "pass", "reason": "off"} if {
	is_object(input.openwrt.uci)
	not input.openwrt.uci.upnpd
} else := {"verdict": "pass", "reason": "off"} if {
	input.openwrt.uci.upnpd.config.enabled[0] != "1"
}
