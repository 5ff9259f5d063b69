# METADATA
# title: No program was started without a file
# description: >-
#   The kernel saw a program start from memory alone or from a file that was deleted already. It leaves nothing to
#   find on the disk. A container runtime runs a copy of itself from memory, sealed against any change, under a name of
#   its own: that is let pass.
# custom:
#   uk:
#     title: Жодну програму не запускали без файла
#     rationale: >-
#       Ядро зафіксувало запуск програми лише з пам'яті або з уже вилученого файла. На диску від цього нічого не
#       лишається. Середовище контейнерів запускає з пам'яті власну копію, опечатану від будь-яких змін і з відомою
#       назвою: її не враховано.
#   severity: high
#   severity_reason:
#     en: It is a common way of hiding malicious code.
#     uk: Це поширений спосіб приховати шкідливий код.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
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
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Find out which program did it. If nobody can name it, treat it as an incident. Name the sealed copies of a
#       runtime of your own in the parameter.
#     uk: >-
#       З'ясуйте, яка програма це зробила. Якщо ніхто не може її назвати, розглядайте це як інцидент. Опечатані копії
#       власного середовища контейнерів назвіть у параметрі.
#   reasons:
#     seen:
#       en: "Started without a file: {names}."
#       uk: "Запущено без файла: {names}."
#     none:
#       en: "Nothing was started without a file."
#       uk: "Без файла нічого не запускали."
package baseline.runtime.no_fileless_execution

import data.lib.probes

flags := ["memfd", "deleted"]

found := [p |
	some p in input.runtime.programs
	not copy_of_itself(p)
	some flag in flags
	flag in p.flags
]

copy_of_itself(p) if {
	"memfd_sealed" in p.flags
	probes.named(trim_prefix(p.path, "memfd:"), data.params.runtime.no_fileless_execution.copies)
}

names := {p.path | some p in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"programs": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole_exec(input.runtime.programs)
}
