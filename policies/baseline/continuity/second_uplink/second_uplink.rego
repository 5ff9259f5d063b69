# METADATA
# title: A router has a second way out
# description: >-
#   When the only link is cut, the site is dark: no service, no report, no help from afar. A second default route by
#   another interface, a mobile modem or a satellite terminal for example, keeps it reachable.
# custom:
#   uk:
#     title: Маршрутизатор має другий канал зв'язку
#     rationale: >-
#       Коли перервано єдиний канал, майданчик зникає: ні послуги, ні звіту, ні віддаленої допомоги. Другий типовий
#       маршрут через інший інтерфейс, наприклад мобільний модем чи супутниковий термінал, зберігає зв'язок.
#   severity: low
#   severity_reason:
#     en: It decides how long a site stays dark.
#     uk: Від цього залежить, як довго майданчик буде без зв'язку.
#   capability: continuity
#   halves: [live]
#   facts: [network]
#   aliases: [NET-14]
#   baselines: [appliance]
#   mappings:
#     csf2: [PR.IR-03]
#     cis8: ["12.2"]
#     nist80053: [CP-8]
#     iso27001: [A.8.14]
#   remedy:
#     en: >-
#       Add a second uplink of another kind and let the router fail over (mwan3 on OpenWrt).
#     uk: >-
#       Додайте другий канал іншого типу й налаштуйте перемикання на маршрутизаторі (mwan3 в OpenWrt).
#   reasons:
#     one:
#       en: "There is one way out ({names})."
#       uk: "Є лише один вихід ({names})."
#     two:
#       en: "There are several ways out ({names})."
#       uk: "Є кілька виходів ({names})."
package baseline.continuity.second_uplink

ways := {r.interface | some r in input.network.default_routes}

live := {"verdict": "pass", "reason": "two", "params": {"names": sort(ways)}} if {
	count(ways) > 1
} else := {"verdict": "fail", "reason": "one", "params": {"names": sort(ways)}} if {
	count(ways) == 1
}
