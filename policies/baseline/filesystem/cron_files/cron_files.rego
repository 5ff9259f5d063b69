# METADATA
# title: Only root can change what runs on a schedule
# description: >-
#   Whatever stands in the system's crontabs runs as root. These files and directories must belong to root and
#   must not be writable for group or others.
# custom:
#   uk:
#     title: Заплановані завдання системи може змінювати лише root
#     rationale: >-
#       Усе, що записано в системних таблицях cron, виконується від імені root. Ці файли й каталоги мають
#       належати root і бути недоступними для запису групі та іншим.
#   severity: high
#   severity_reason:
#     en: "A line in a writable crontab runs as root within minutes."
#     uk: "Рядок, доданий до доступної для запису таблиці, за лічені хвилини виконається від імені root."
#   capability: hardening
#   halves: [persisted]
#   facts: [files, schedules]
#   aliases: [SVC-04]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3", "4.1"]
#     nist80053: [AC-3, CM-5]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Give the named files to root and take write access away from group and others.
#     uk: >-
#       Передайте названі файли root і заберіть право запису в групи та інших.
#   remedy_commands:
#     debian: |-
#       chown -R root:root /etc/crontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly
#       chmod -R go-w /etc/crontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly
#     rhel: |-
#       chown -R root:root /etc/crontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly
#       chmod -R go-w /etc/crontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly
#   reasons:
#     open:
#       en: "Others than root can change what runs as root: {found}."
#       uk: "Те, що виконується від імені root, може змінити не лише root: {found}."
#     closed:
#       en: "Only root can change the scheduled jobs of the system."
#       uk: "Заплановані завдання системи може змінювати лише root."
package baseline.filesystem.cron_files

import data.lib.files

watched := [file |
	some path, file in input.files.paths
	regex.match(`^/etc/(anacrontab|crontab|cron\.(d|hourly|daily|weekly|monthly|yearly)(/[^/]+)?|crontabs(/[^/]+)?)$`, path)
	file.kind in {"file", "dir"}
]

open contains fault if {
	some file in watched
	some fault in files.faults(file, "022")
}

# what root's jobs start: whoever can change the program is root at its next run
open contains fault if {
	some entry in input.schedules.cron
	entry.user == "root"
	entry.command_state.kind == "file"
	some fault in files.faults(entry.command_state, "022")
}

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"files": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	input.files.paths["/etc/crontab"].kind != "unknown"
}
