# METADATA
# title: The router's administrator has a password
# description: >-
#   OpenWrt comes without a root password and lets everyone on the local network in until one is set.
# custom:
#   uk:
#     title: Адміністратор маршрутизатора має пароль
#     rationale: >-
#       OpenWrt постачається без пароля root і впускає кожного з локальної мережі, доки пароль не задано.
#   severity: critical
#   severity_reason:
#     en: Anyone on the network owns the router.
#     uk: Маршрутизатор належить кожному в мережі.
#   capability: identity
#   halves: [persisted]
#   facts: [openwrt]
#   aliases: [OWRT-01]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["4.7"]
#     nist80053: [IA-5]
#     iso27001: [A.5.17]
#   remedy:
#     en: >-
#       Set a long password (LuCI: System, Administration; or passwd on the console) and write it down in a safe
#       place: without it only a reset helps.
#     uk: >-
#       Задайте довгий пароль (LuCI: System, Administration; або passwd у консолі) і запишіть його в надійному місці:
#       без нього допоможе лише скидання.
#   remedy_commands:
#     openwrt: |-
#       passwd root
#   reasons:
#     unset:
#       en: "root has no password."
#       uk: "root не має пароля."
#     set:
#       en: "root has a password."
#       uk: "root має пароль."
package baseline.appliance.root_password_set

applies := false if {
	input.families.openwrt.state == "not_applicable"
} else if {
	input.openwrt
}

persisted := {"verdict": "fail", "reason": "unset"} if {
	input.openwrt.root_password_set == false
} else := {"verdict": "pass", "reason": "set"} if {
	input.openwrt.root_password_set == true
}
