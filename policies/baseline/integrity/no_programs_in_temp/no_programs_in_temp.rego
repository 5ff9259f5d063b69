# METADATA
# title: No program runs from a directory that everyone may write
# description: >-
#   Programs belong into directories that only administrators may write. What runs from /tmp, /var/tmp or /dev/shm was
#   put there by anyone.
# custom:
#   uk:
#     title: Не працюють програми з каталогів, доступних для запису всім
#     rationale: >-
#       Програмам місце в каталогах, доступних для запису лише адміністраторам. Те, що працює з /tmp, /var/tmp чи
#       /dev/shm, міг покласти туди будь-хто.
#   severity: high
#   severity_reason:
#     en: It is where intruders start their tools.
#     uk: Саме звідти зловмисники запускають свої засоби.
#   capability: malware
#   halves: [live]
#   facts: [processes]
#   aliases: [INT-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [DE.CM-09, PR.PS-05]
#     cis8: ["2.5", "2.7"]
#     nist80053: [CM-7, SI-3]
#     iso27001: [A.8.7, A.8.19]
#   remedy:
#     en: >-
#       Find out who started it. A tool that is wanted belongs into /usr/local or /opt; anything else is an incident.
#     uk: >-
#       З'ясуйте, хто це запустив. Потрібному засобу місце в /usr/local або /opt; усе інше є інцидентом.
#   reasons:
#     found:
#       en: "Running from a temporary directory: {names}."
#       uk: "Працюють із тимчасового каталогу: {names}."
#     none:
#       en: "No program runs from a temporary directory."
#       uk: "Програм, що працюють із тимчасових каталогів, немає."
package baseline.integrity.no_programs_in_temp

live := {
	"verdict": "fail",
	"reason": "found",
	"params": {"names": sort(names)},
	"evidence": {"temp_exe": found},
} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	is_array(input.processes.temp_exe)
}

found := [p | some p in input.processes.temp_exe]

names := {p.name | some p in found}
