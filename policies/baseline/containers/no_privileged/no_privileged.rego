# METADATA
# title: No container runs privileged
# description: >-
#   A privileged container holds every capability and every device of the host: a hole in the program inside is a hole
#   in the host. Give the one capability or device that is needed instead.
# custom:
#   uk:
#     title: Жоден контейнер не працює в привілейованому режимі
#     rationale: >-
#       Привілейований контейнер має всі повноваження й усі пристрої вузла: вразливість програми всередині стає
#       вразливістю вузла. Натомість надавайте лише те одне повноваження чи пристрій, що справді потрібні.
#   severity: high
#   severity_reason:
#     en: Taking over the program in the container takes over the host.
#     uk: Захоплення програми в контейнері означає захоплення вузла.
#   capability: hardening
#   halves: [live]
#   facts: [containers]
#   aliases: [SVC-06]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1"]
#     nist80053: [AC-6, CM-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Recreate the container without --privileged; add only what it needs with --cap-add or --device.
#     uk: >-
#       Створіть контейнер наново без --privileged; додайте лише потрібне за допомогою --cap-add або --device.
#   reasons:
#     privileged:
#       en: "These containers run privileged: {names}."
#       uk: "У привілейованому режимі працюють контейнери: {names}."
#     none:
#       en: "No running container is privileged."
#       uk: "Серед запущених контейнерів немає привілейованих."
package baseline.containers.no_privileged

applies := count(input.containers.running) > 0

live := {
	"verdict": "fail",
	"reason": "privileged",
	"params": {"names": sort(bad)},
	"evidence": {"privileged": sort(bad)},
} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	every c in input.containers.running {
		c.privileged == false
	}
}

bad contains object.get(c, "name", c.id) if {
	some c in input.containers.running
	c.privileged == true
}
