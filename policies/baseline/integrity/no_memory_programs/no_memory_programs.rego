# METADATA
# title: No program runs from memory alone
# description: >-
#   Running a program from anonymous memory leaves no file to find. Few honest programs do so: container runtimes and
#   the like, which run a copy of themselves that they sealed against any change, under a name of their own.
# custom:
#   uk:
#     title: Не працюють програми, завантажені лише в пам'ять
#     rationale: >-
#       Запуск програми з анонімної пам'яті не залишає файла, який можна знайти. Чесних програм, що так роблять,
#       небагато: це середовища контейнерів і подібні, які запускають власну копію, опечатану від будь-яких змін і з
#       відомою назвою.
#   severity: high
#   severity_reason:
#     en: It is a common way of hiding malicious code.
#     uk: Це поширений спосіб приховати шкідливий код.
#   capability: malware
#   halves: [live]
#   facts: [processes]
#   aliases: [INT-01]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: copies
#       default: ["runc_cloned:*", "crun*", "lxc*", "sealed*", "youki*"]
#       meaning:
#         en: names of copies in memory that container runtimes make of themselves, if sealed; * stands for anything
#         uk: назви опечатаних копій у пам'яті, які роблять із себе середовища контейнерів; * замінює будь-що
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

import data.lib.probes

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

found := [p | some p in input.processes.memfd; not copy_of_itself(p)]

copy_of_itself(p) if {
	p.detail == "sealed"
	probes.named(trim_prefix(p.exe, "/memfd:"), data.params.integrity.no_memory_programs.copies)
}

names := {p.name | some p in found}
