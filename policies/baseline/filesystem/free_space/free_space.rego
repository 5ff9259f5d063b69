# METADATA
# title: File systems have room left
# description: >-
#   On a full file system logs stop, updates fail and databases break. Every writable file system must keep a
#   part of its blocks and of its inodes free.
# custom:
#   uk:
#     title: На файлових системах є вільне місце
#     rationale: >-
#       На заповненій файловій системі зупиняються журнали, не встановлюються оновлення й ламаються бази даних.
#       На кожній доступній для запису файловій системі має лишатися частина вільних блоків та індексних вузлів.
#   severity: medium
#   severity_reason:
#     en: "Services fail and traces are lost, without any attack."
#     uk: "Служби відмовляють, а сліди губляться навіть без нападу."
#   capability: continuity
#   halves: [live]
#   facts: [mounts]
#   aliases: [FS-07, OWRT-08]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: percent
#       default: 95
#       meaning:
#         en: "The fullest a file system may be, in per cent."
#         uk: "Найбільше дозволене заповнення файлової системи, у відсотках."
#   mappings:
#     csf2: [PR.IR-04]
#     cis8: ["8.3"]
#     nist80053: [AU-4, SC-5]
#     iso27001: [A.8.6]
#   remedy:
#     en: >-
#       Find what takes the room (du -xh --max-depth=2 /, journalctl --disk-usage), delete or move it, or
#       enlarge the file system.
#     uk: >-
#       Знайдіть, що займає місце (du -xh --max-depth=2 /, journalctl --disk-usage), вилучіть чи перенесіть це
#       або збільште файлову систему.
#   reasons:
#     full:
#       en: "Nearly full (limit {limit} %): {found}."
#       uk: "Майже заповнено (межа {limit} %): {found}."
#     room:
#       en: "Every file system has room left."
#       uk: "На кожній файловій системі є вільне місце."
package baseline.filesystem.free_space

limit := data.params.filesystem.free_space.percent

full := [sprintf("%s %v %%", [usage.target, round(used)]) |
	some usage in input.mounts.usage
	used := max([usage.used_percent, object.get(usage, "inodes_used_percent", 0)])
	used > limit
]

live := {
	"verdict": "fail", "reason": "full",
	"params": {"found": full, "limit": limit}, "evidence": {"full": full, "limit_percent": limit},
} if {
	count(full) > 0
} else := {"verdict": "pass", "reason": "room"} if {
	count(input.mounts.usage) > 0
}
