# METADATA
# title: SNMP is not spoken with passwords in the clear
# description: >-
#   The kernel recognised messages of SNMP version 1 or 2c from or to another host. Their community string is a
#   password that everybody on the path can read, and with it the settings of a device may be read or changed.
# custom:
#   uk:
#     title: SNMP не використовують із відкритими паролями
#     rationale: >-
#       Ядро розпізнало повідомлення SNMP версії 1 або 2c від іншого вузла чи до нього. Рядок спільноти в них - це
#       пароль, який прочитає кожен на шляху; з ним можна читати, а то й змінювати налаштування пристрою.
#   severity: medium
#   severity_reason:
#     en: Mostly it gives away settings, at times control.
#     uk: Здебільшого це розкриває налаштування, інколи й керування.
#   capability: remote_access
#   halves: [live]
#   facts: [runtime]
#   aliases: [SVC-07]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.DS-02, PR.AA-03]
#     cis8: ["3.10", "12.3"]
#     nist80053: [SC-8, IA-5]
#     iso27001: [A.8.20, A.8.24]
#   remedy:
#     en: >-
#       Use SNMP version 3 with authentication and encryption. Where devices know nothing else, keep them in a
#       network of their own and allow reading only.
#     uk: >-
#       Використовуйте SNMP версії 3 з автентифікацією та шифруванням. Якщо пристрої іншого не вміють, тримайте їх
#       в окремій мережі й дозвольте лише читання.
#   reasons:
#     seen:
#       en: "Spoken: {names}."
#       uk: "Розпізнано: {names}."
#     none:
#       en: "Neither version was heard."
#       uk: "Жодної з цих версій не розпізнано."
package baseline.runtime.no_snmp_communities

import data.lib.probes

protocols := {"snmp1", "snmp2c"}

# what was mended stops to count after a week
found := [s |
	some s in input.runtime.spoken
	s.protocol in protocols
	probes.recent(s.last_seen, 7)
]

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(probes.talks(found))}, "evidence": {"spoken": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("protocol", input.runtime.spoken)
}
