# METADATA
# title: No program was started from a directory that everyone may write
# description: >-
#   The kernel saw a program start from /tmp, /var/tmp, /dev/shm or the like since the observation began, even if it
#   ran for a blink only. Installers do so at times; intruders do so as a habit.
# custom:
#   uk:
#     title: Жодну програму не запускали з каталогу, доступного для запису всім
#     rationale: >-
#       Від початку спостереження ядро зафіксувало запуск програми з /tmp, /var/tmp, /dev/shm чи подібного каталогу,
#       навіть якщо вона працювала лише мить. Інколи так роблять інсталятори, зловмисники ж роблять так за звичкою.
#   severity: medium
#   severity_reason:
#     en: It is where intruders start their tools.
#     uk: Саме звідти зловмисники запускають свої засоби.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [INT-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [DE.CM-09, DE.CM-03]
#     cis8: ["2.5", "8.8"]
#     nist80053: [SI-4, CM-7]
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Find out what the programs were. Mount these directories noexec where nothing needs it.
#     uk: >-
#       З'ясуйте, що це були за програми. Монтуйте ці каталоги з noexec там, де виконання не потрібне.
#   reasons:
#     seen:
#       en: "Started from there: {names}."
#       uk: "Звідти запущено: {names}."
#     none:
#       en: "Nothing was started from there."
#       uk: "Звідти нічого не запускали."
package baseline.runtime.no_execution_from_temp

flags := ["temporary_dir", "world_writable_dir"]

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
