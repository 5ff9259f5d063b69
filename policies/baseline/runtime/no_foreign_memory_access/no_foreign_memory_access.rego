# METADATA
# title: No unknown program reaches into another one
# description: >-
#   The kernel saw a program attach to another process or open its memory. Debuggers do that; so does software that
#   reads passwords and keys out of others, or hides inside of them.
# custom:
#   uk:
#     title: Жодна стороння програма не втручається в інші процеси
#     rationale: >-
#       Ядро зафіксувало, як програма під'єдналася до іншого процесу або відкрила його пам'ять. Так роблять
#       налагоджувачі, але так само діє й ПЗ, яке викрадає паролі та ключі з чужої пам'яті або ховається в ній.
#   severity: high
#   severity_reason:
#     en: Passwords and keys in memory are in reach.
#     uk: Паролі та ключі в пам'яті стають досяжними.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [KRN-08]
#   baselines: [essential, server, workstation]
#   params:
#     - name: approved
#       default: [gdb, "gdb *", gdbserver, strace, ltrace, lldb*, rr, perf, criu, crashpad_handl*,
#         chrome_crashpad*, systemd-coredum*, apport*, drkonqi*, dlv, py-spy, jcmd, jstack, rpm-ostree]
#       meaning:
#         en: command names of programs that may do so; * stands for anything
#         uk: назви програм, яким це дозволено; * замінює будь-що
#   mappings:
#     csf2: [DE.CM-09, PR.DS-10]
#     cis8: ["8.8", "10.5"]
#     nist80053: [SI-4, SI-16]
#     iso27001: [A.8.7, A.8.16]
#   remedy:
#     en: >-
#       Find out what the program is and who started it. If nobody can say, treat it as an incident and change the
#       passwords and keys of the program that was reached. A tool of your own goes into the parameter.
#     uk: >-
#       З'ясуйте, що це за програма і хто її запустив. Якщо ніхто не знає, вважайте це інцидентом і змініть паролі
#       та ключі програми, у пам'ять якої втрутилися. Власний засіб внесіть до параметра.
#   reasons:
#     seen:
#       en: "Seen: {names}."
#       uk: "Зафіксовано: {names}."
#     none:
#       en: "No unknown program reached into another."
#       uk: "Сторонні програми в інші процеси не втручалися."
package baseline.runtime.no_foreign_memory_access

import data.lib.probes

found := [e |
	some e in probes.events("ptrace")
	not probes.named(object.get(e, "program", "?"), data.params.runtime.no_foreign_memory_access.approved)
]

names := {sprintf("%s → %s", [object.get(e, "program", "?"), object.get(e, "detail", "?")]) | some e in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"events": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("ptrace", input.runtime.events)
	not polled
}

# looking now and then finds what lasts; that it found nothing says little
polled if {
	some hook in input.runtime.hooks
	hook.event == "ptrace"
	hook.kind == "poll"
}
