# METADATA
# title: SNMP asks for a user, or does not answer the network
# description: >-
#   SNMP 1 and 2c send their community string in the clear, and "public" is the first one tried. SNMP must be version
#   3 with authentication, or listen on loopback only.
# custom:
#   uk:
#     title: SNMP вимагає користувача або не відповідає в мережі
#     rationale: >-
#       SNMP 1 і 2c передають рядок спільноти відкрито, а «public» пробують першим. SNMP має бути версії 3 з
#       автентифікацією або слухати лише локальний інтерфейс.
#   severity: high
#   severity_reason:
#     en: It tells everything about the host, and where writable changes it.
#     uk: Він розповідає про вузол усе, а де дозволено запис, дає його змінювати.
#   capability: perimeter
#   halves: [persisted]
#   facts: [snmp]
#   aliases: [NET-04]
#   baselines: [essential, server, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-02, PR.AA-03]
#     cis8: ["4.6", "12.3"]
#     nist80053: [AC-17, CM-7, SC-8]
#     iso27001: [A.8.20, A.8.9]
#   remedy:
#     en: >-
#       Remove rocommunity and rwcommunity from snmpd.conf, create a version 3 user with createUser and rouser ...
#       priv, and restart snmpd; or set agentAddress 127.0.0.1.
#     uk: >-
#       Приберіть rocommunity та rwcommunity зі snmpd.conf, створіть користувача версії 3 за допомогою createUser і
#       rouser ... priv та перезапустіть snmpd; або задайте agentAddress 127.0.0.1.
#   reasons:
#     default:
#       en: "SNMP answers the network to a community that everyone knows."
#       uk: "SNMP відповідає в мережі на загальновідомий рядок спільноти."
#     community:
#       en: "SNMP 1 or 2c answers the network."
#       uk: "У мережі відповідає SNMP 1 або 2c."
#     protected:
#       en: "SNMP is version 3, or answers on loopback only."
#       uk: "SNMP має версію 3 або відповідає лише локально."
package baseline.services.snmp_protected

applies := input.snmp.installed

persisted := {"verdict": "pass", "reason": "protected"} if {
	input.snmp.loopback_only == true
} else := {"verdict": "fail", "reason": "default"} if {
	input.snmp.default_community == true
} else := {"verdict": "fail", "reason": "community"} if {
	input.snmp.v1_v2 == true
} else := {"verdict": "pass", "reason": "protected"} if {
	input.snmp.v1_v2 == false
}
