# METADATA
# title: No program was started without a file
# description: >-
#   The kernel saw a program start from memory alone or from a file that was deleted already. It leaves nothing to
#   find on the disk.
# custom:
#   uk:
#     title: Жодну програму не запускали без файла
#     rationale: >-
#       Ядро зафіксувало запуск програми лише з пам'яті або з уже вилученого файла. На диску від цього нічого не
#       лишається.
#   severity: high
#   severity_reason:
#     en: It is a common way of hiding malicious code.
#     uk: Це поширений спосіб приховати шкідливий код.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [INT-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["2.5", "10.7"]
#     nist80053: [SI-3, SI-4]
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Find out which program did it: container runtimes do so for a moment when they start. If nobody can name it,
#       treat it as an incident.
#     uk: >-
#       З'ясуйте, яка програма це зробила: на мить так роблять середовища контейнерів під час запуску. Якщо ніхто не
#       може її назвати, розглядайте це як інцидент.
#   reasons:
#     seen:
#       en: "Started without a file: {names}."
#       uk: "Запущено без файла: {names}."
#     none:
#       en: "Nothing was started without a file."
#       uk: "Без файла нічого не запускали."
package baseline.runtime.no_fileless_execution

flags := ["memfd", "deleted"]

found := [p |
	some p in input.runtime.programs
	some flag in p.flags
	flag in flags
]

names := {p.path | some p in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"programs": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	proven
	is_array(input.runtime.programs)
	not input.runtime.truncated
}

# the probe that sees programs start has shown that it works
proven if {
	some hook in input.runtime.hooks
	hook.event == "exec"
	hook.state == "proven"
}
