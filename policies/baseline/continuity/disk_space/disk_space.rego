# METADATA
# title: Disks have room left
# description: >-
#   A full disk stops services and logging, and often damages data. Space and inodes must stay below the limit on
#   every writable file system.
# custom:
#   uk:
#     title: На дисках є вільне місце
#     rationale: >-
#       Повний диск зупиняє служби та журналювання й нерідко пошкоджує дані. Зайняте місце та кількість inode мають
#       бути нижчими за межу на кожній файловій системі, доступній для запису.
#   severity: medium
#   severity_reason:
#     en: Services stop, and logs of the incident are lost.
#     uk: Служби зупиняються, а журнали інциденту втрачаються.
#   capability: continuity
#   halves: [live]
#   facts: [mounts]
#   aliases: [FS-07, OWRT-08]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: max_percent
#       default: 90
#       meaning:
#         en: largest used share of space or inodes, in per cent
#         uk: найбільша зайнята частка місця чи inode, у відсотках
#   mappings:
#     csf2: [PR.IR-04]
#     cis8: ["12.1"]
#     nist80053: [AU-4, CP-2]
#     iso27001: [A.8.6]
#   remedy:
#     en: >-
#       Find what grows (du -x -d1), remove what is not needed, and plan for a larger disk before it fills again.
#     uk: >-
#       З'ясуйте, що зростає (du -x -d1), вилучіть непотрібне й заплануйте більший диск, доки він не заповнився знову.
#   reasons:
#     full:
#       en: "{target} is {percent} % full."
#       uk: "{target} заповнено на {percent} %."
#     room:
#       en: "Every disk has room left."
#       uk: "На кожному диску є вільне місце."
package baseline.continuity.disk_space

limit := data.params.continuity.disk_space.max_percent

used(u) := max([u.used_percent, object.get(u, "inodes_used_percent", 0)])

full := [{"target": u.target, "percent": round(used(u))} | some u in input.mounts.usage; used(u) > limit]

live := {"verdict": "fail", "reason": "full", "params": full[0], "evidence": {"file_systems": full}} if {
	count(full) > 0
} else := {"verdict": "pass", "reason": "room"} if {
	count(input.mounts.usage) > 0
}
