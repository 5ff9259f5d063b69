# METADATA
# title: WPS is switched off
# description: >-
#   WPS by PIN can be guessed within hours, and its button lets anyone in the room join.
# custom:
#   uk:
#     title: WPS вимкнено
#     rationale: >-
#       PIN-код WPS можна підібрати за кілька годин, а кнопка дає змогу під'єднатися будь-кому в приміщенні.
#   severity: medium
#   severity_reason:
#     en: It gets around a good passphrase.
#     uk: Це обходить навіть надійну парольну фразу.
#   capability: perimeter
#   halves: [persisted]
#   facts: [network, openwrt]
#   aliases: [OWRT-05]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-03]
#     cis8: ["12.6"]
#     nist80053: [AC-18]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Remove wps_pushbutton and the other wps_ options of the network and reload it.
#     uk: >-
#       Приберіть wps_pushbutton та інші параметри wps_ мережі й перезавантажте її.
#   remedy_commands:
#     openwrt: |-
#       uci -q delete wireless.@wifi-iface[0].wps_pushbutton
#       uci commit wireless && wifi reload
#   reasons:
#     on:
#       en: "WPS is on."
#       uk: "WPS увімкнено."
#     off:
#       en: "WPS is off."
#       uk: "WPS вимкнено."
package baseline.appliance.wps_off

import data.lib.wifi

applies := wifi.applies

persisted := {"verdict": "fail", "reason": "on"} if {
	some w in wifi.access_points
	w.wps == true
} else := {"verdict": "pass", "reason": "off"} if {
	count(wifi.access_points) > 0
	every w in wifi.access_points {
		w.wps == false
	}
}
