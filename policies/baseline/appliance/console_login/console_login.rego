# METADATA
# title: The router's console asks for a password
# description: >-
#   With ttylogin off, whoever plugs a cable into the console is root at once.
# custom:
#   uk:
#     title: Консоль маршрутизатора вимагає пароль
#     rationale: >-
#       Якщо ttylogin вимкнено, кожен, хто під'єднає кабель до консолі, одразу стає root.
#   severity: low
#   severity_reason:
#     en: It needs a hand on the device.
#     uk: Потрібен фізичний доступ до пристрою.
#   capability: identity
#   halves: [persisted]
#   facts: [openwrt]
#   aliases: [OWRT-07]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["4.1"]
#     nist80053: [IA-2, PE-3]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Switch ttylogin on; make sure that the root password is known first.
#     uk: >-
#       Увімкніть ttylogin; спершу переконайтеся, що пароль root відомий.
#   remedy_commands:
#     openwrt: |-
#       uci set system.@system[0].ttylogin='1' && uci commit system && service system restart
#   reasons:
#     open:
#       en: "The console asks for no password."
#       uk: "Консоль не вимагає пароля."
#     asks:
#       en: "The console asks for a password."
#       uk: "Консоль вимагає пароль."
package baseline.appliance.console_login

applies := false if {
	input.families.openwrt.state == "not_applicable"
} else if {
	input.openwrt
}

section := [s | some s in input.openwrt.uci.system; s[".type"] == ["system"]]

persisted := {"verdict": "pass", "reason": "asks"} if {
	section[0].ttylogin == ["1"]
} else := {"verdict": "fail", "reason": "open"} if {
	count(section) > 0
}
