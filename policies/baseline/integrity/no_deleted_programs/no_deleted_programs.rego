# METADATA
# title: No program runs whose file is gone
# description: >-
#   A running program whose file was deleted or replaced is either older than its last update, with the holes that
#   update closed, or it hides from those who look at the disk. Both want an answer.
# custom:
#   uk:
#     title: Не працюють програми, файли яких зникли
#     rationale: >-
#       Програма, файл якої вилучено або замінено, або старіша за своє останнє оновлення, разом із вразливостями, які
#       воно закрило, або ховається від тих, хто дивиться на диск. І те, і те потребує відповіді.
#   severity: medium
#   severity_reason:
#     en: Most often a missed restart, sometimes an intruder.
#     uk: Найчастіше це пропущений перезапуск, інколи зловмисник.
#   capability: malware
#   halves: [live]
#   facts: [processes]
#   aliases: [INT-01, SYS-04]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [DE.CM-09, PR.PS-02]
#     cis8: ["2.3", "10.7"]
#     nist80053: [SI-3, SI-7]
#     iso27001: [A.8.7, A.8.8]
#   remedy:
#     en: >-
#       Restart the named services, or the host. If a name is unknown to you, or its file lay in /tmp, do not restart:
#       take the host off the network and call for help.
#     uk: >-
#       Перезапустіть названі служби або вузол. Якщо назва вам невідома або файл лежав у /tmp, не перезапускайте:
#       від'єднайте вузол від мережі й зверніться по допомогу.
#   reasons:
#     found:
#       en: "Running without a file: {names}."
#       uk: "Працюють без файла: {names}."
#     none:
#       en: "Every running program still has its file."
#       uk: "Кожна запущена програма має свій файл."
package baseline.integrity.no_deleted_programs

live := {
	"verdict": "fail",
	"reason": "found",
	"params": {"names": sort(names)},
	"evidence": {"deleted_exe": found},
} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	is_array(input.processes.deleted_exe)
}

found := [p | some p in input.processes.deleted_exe]

names := {p.name | some p in found}
