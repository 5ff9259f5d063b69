# METADATA
# title: No program uses libraries that were replaced
# description: >-
#   After a library is updated, programs that were started before still use the old one, with its holes, until they
#   are restarted.
# custom:
#   uk:
#     title: Жодна програма не використовує замінених бібліотек
#     rationale: >-
#       Після оновлення бібліотеки програми, запущені раніше, і далі використовують стару, разом із її вразливостями,
#       доки їх не перезапустять.
#   severity: medium
#   severity_reason:
#     en: The package data base says fixed; the memory says otherwise.
#     uk: За базою пакетів виправлено, а в пам'яті ні.
#   capability: patching
#   halves: [live]
#   facts: [processes]
#   aliases: [SYS-04]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.PS-02]
#     cis8: ["7.4"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Restart the named services, or the host.
#     uk: >-
#       Перезапустіть названі служби або вузол.
#   reasons:
#     found:
#       en: "Using replaced libraries: {names}."
#       uk: "Використовують замінені бібліотеки: {names}."
#     none:
#       en: "No program uses a replaced library."
#       uk: "Жодна програма не використовує заміненої бібліотеки."
package baseline.updates.no_stale_libraries

live := {
	"verdict": "fail",
	"reason": "found",
	"params": {"names": sort(names)},
	"evidence": {"stale_libraries": found},
} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	is_array(input.processes.stale_libraries)
}

found := [p | some p in input.processes.stale_libraries]

names := {p.name | some p in found}
