# METADATA
# title: No script was started from a directory that everyone may write
# description: >-
#   The kernel saw an interpreter start a script that lies in /tmp, /var/tmp or /dev/shm. Downloaded attack scripts
#   are started there, as these directories are writable from any account. A script handed to its interpreter by
#   name (sh /tmp/x) is not seen, as arguments are not read.
# custom:
#   uk:
#     title: Жодного сценарію не запускали з каталогу, доступного для запису всім
#     rationale: >-
#       Ядро зафіксувало, як інтерпретатор запустив сценарій із /tmp, /var/tmp або /dev/shm. Завантажені сценарії
#       атак запускають саме там, бо писати в ці каталоги може будь-який обліковий запис. Сценарій, переданий
#       інтерпретатору за назвою (sh /tmp/x), не помітно, бо аргументи не читаються.
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
#     cis8: ["2.7", "8.8"]
#     nist80053: [SI-4, CM-7]
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Find out who wrote the scripts. Give administrators' scripts a place of their own, such as /usr/local/sbin.
#     uk: >-
#       З'ясуйте, хто написав ці сценарії. Сценаріям адміністраторів відведіть власне місце, наприклад
#       /usr/local/sbin.
#   reasons:
#     seen:
#       en: "Interpreters that ran scripts from there: {names}."
#       uk: "Інтерпретатори, що виконували сценарії звідти: {names}."
#     none:
#       en: "No script was started from there."
#       uk: "Звідти сценаріїв не запускали."
package baseline.runtime.no_scripts_from_temp

import data.lib.probes

found := [p | some p in input.runtime.programs; "script_temporary_dir" in p.flags]

names := {p.path | some p in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"programs": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole_exec(input.runtime.programs)
}
