# METADATA
# title: No program with borrowed rights was run from an unusual place
# description: >-
#   The kernel saw a set-user-id program run from outside of the directories where the system keeps its programs. A
#   copy of a shell with that bit, put aside after a break-in, opens the way back to root.
# custom:
#   uk:
#     title: Програм із чужими правами з незвичних місць не запускали
#     rationale: >-
#       Ядро зафіксувало запуск програми з бітом set-user-ID поза каталогами, де система тримає свої програми.
#       Копія оболонки з таким бітом, залишена після зламу, повертає зловмиснику права root.
#   severity: high
#   severity_reason:
#     en: It turns any account into root.
#     uk: З нею будь-який обліковий запис стає root.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [FS-06]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: approved
#       default: []
#       meaning:
#         en: paths of set-user-id programs that belong there
#         uk: шляхи програм із бітом set-user-ID, яким там місце
#   mappings:
#     csf2: [DE.CM-09, PR.AA-05]
#     cis8: ["3.3", "8.8"]
#     nist80053: [AC-6, SI-4]
#     iso27001: [A.8.2, A.8.16]
#   remedy:
#     en: >-
#       Look at the file: whose is it, since when, what is it. If no package owns it and nobody can explain it,
#       treat it as an incident; else remove the bit with chmod u-s.
#     uk: >-
#       Перевірте файл: чий він, відколи існує, що це. Якщо він не належить жодному пакету й ніхто не може його
#       пояснити, вважайте це інцидентом; інакше зніміть біт командою chmod u-s.
#   reasons:
#     seen:
#       en: "Run: {names}."
#       uk: "Запущено: {names}."
#     none:
#       en: "No such program was run."
#       uk: "Таких програм не запускали."
package baseline.runtime.no_stray_setuid

import data.lib.probes

places := {
	"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/lib/", "/usr/local/bin/", "/usr/local/sbin/", "/opt/",
	"/snap/", "/usr/lib64/", "/nix/store/", "/run/wrappers/", "/var/lib/snapd/", "/var/lib/docker/", "/var/lib/containerd/",
	"/var/lib/containers/", "/app/",
}

found := [p |
	some p in input.runtime.programs
	"setuid" in p.flags
	not usual(p.path)
	not p.container
	not p.path in data.params.runtime.no_stray_setuid.approved
]

usual(path) if {
	some place in places
	startswith(path, place)
}

names := {p.path | some p in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"programs": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole_exec(input.runtime.programs)
}
