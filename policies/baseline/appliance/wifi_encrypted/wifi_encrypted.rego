# METADATA
# title: Wireless networks use WPA2 or WPA3
# description: >-
#   An open network, WEP or the first WPA lets anyone nearby read along and join. An open guest network is a decision
#   of the institution: accept it with a waiver.
# custom:
#   uk:
#     title: Бездротові мережі використовують WPA2 або WPA3
#     rationale: >-
#       Відкрита мережа, WEP чи перша версія WPA дають кожному поблизу змогу читати й під'єднуватися. Відкрита
#       гостьова мережа є рішенням установи: прийміть її як виняток.
#   severity: high
#   severity_reason:
#     en: The network reaches as far as the radio does.
#     uk: Мережа сягає так далеко, як і радіосигнал.
#   capability: perimeter
#   halves: [persisted]
#   facts: [network, openwrt]
#   aliases: [OWRT-05]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-03, PR.DS-02]
#     cis8: ["12.6"]
#     nist80053: [AC-18]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Set encryption to sae-mixed or psk2 with a long key and reload the wireless network; every device must then
#       join anew.
#     uk: >-
#       Задайте шифрування sae-mixed або psk2 з довгим ключем і перезавантажте бездротову мережу; після цього всі
#       пристрої доведеться під'єднати наново.
#   remedy_commands:
#     openwrt: |-
#       uci set wireless.@wifi-iface[0].encryption='sae-mixed'
#       uci set wireless.@wifi-iface[0].key='a long passphrase of your own'
#       uci commit wireless && wifi reload
#   reasons:
#     weak:
#       en: "Encryption here: {seen}."
#       uk: "Шифрування тут: {seen}."
#     strong:
#       en: "Every wireless network uses WPA2 or WPA3."
#       uk: "Кожна бездротова мережа використовує WPA2 або WPA3."
package baseline.appliance.wifi_encrypted

import data.lib.wifi

applies := wifi.applies

weak := [w.encryption | some w in wifi.access_points; w.encryption in {"none", "wep", "wpa"}]

persisted := {"verdict": "fail", "reason": "weak", "params": {"seen": weak}, "evidence": {"networks": weak}} if {
	count(weak) > 0
} else := {"verdict": "pass", "reason": "strong"} if {
	count(wifi.access_points) > 0
	every w in wifi.access_points {
		w.encryption in {"wpa2", "wpa3"}
	}
}
