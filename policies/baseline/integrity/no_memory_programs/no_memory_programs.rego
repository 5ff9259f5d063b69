# METADATA
# title: No program runs from memory alone
# description: >-
#   Running a program from anonymous memory leaves no file to find. Few honest programs do so for longer than a
#   moment.
# custom:
#   uk:
#     title: Не працюють програми, завантажені лише в пам'ять
#     rationale: >-
#       Запуск програми з анонімної пам'яті не залишає файла, який можна знайти. Чесних програм, що роблять це довше
#       за мить, небагато.
#   severity: high
#   severity_reason:
#     en: It is a common way of hiding malicious code.
#     uk: Це поширений спосіб приховати шкідливий код.
#   capability: malware
#   halves: [live]
#   facts: [processes]
#   aliases: [INT-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["2.5", "10.7"]
#     nist80053: [SI-3, SI-4]
#     iso27001: [A.8.7]
#   remedy:
#     en: >-
#       Find out what the process is before ending it: note its name, user, connections and parent. If nobody can name
#       it, treat it as an incident.
#     uk: >-
#       Перш ніж завершувати процес, з'ясуйте, що це: запишіть назву, користувача, з'єднання й батьківський процес.
#       Якщо ніхто не може його назвати, розглядайте це як інцидент.
#   reasons:
#     found:
#       en: "Running from memory: {names}."
#       uk: "Працюють із пам'яті: {names}."
#     none:
#       en: "No program runs from memory alone."
#       uk: "Програм, що працюють лише з пам'яті, немає."
package baseline.integrity.no_memory_programs

live := {
	"verdict": "fail",
	"reason": "found",
	"params": {"names": sort(names)},
	"evidence": {"memfd": found},
} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	is_array(input.processes.memfd)
}

found := [p | some p in input.processes.memfd]

names := {p.name | some p in found}
