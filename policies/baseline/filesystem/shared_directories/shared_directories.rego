# METADATA
# title: In shared directories users cannot remove files of others
# description: >-
#   Everybody may write to /tmp and /var/tmp; the sticky bit alone keeps one user from renaming or removing the
#   files of another, and from putting his own in their place.
# custom:
#   uk:
#     title: У спільних каталогах користувачі не можуть вилучати чужі файли
#     rationale: >-
#       У /tmp і /var/tmp може писати кожен; лише біт sticky не дає одному користувачеві перейменувати чи
#       вилучити файли іншого й підкласти замість них свої.
#   severity: high
#   severity_reason:
#     en: "Any local user can deceive programs of root that use these directories."
#     uk: "Будь-який локальний користувач може обдурити програми root, що користуються цими каталогами."
#   capability: hardening
#   halves: [persisted]
#   facts: [files]
#   aliases: [FS-02]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Set the mode of the named directories to 1777 and their owner to root.
#     uk: >-
#       Задайте названим каталогам права 1777 і власника root.
#   remedy_commands:
#     debian: |-
#       chown root:root /tmp /var/tmp && chmod 1777 /tmp /var/tmp
#     rhel: |-
#       chown root:root /tmp /var/tmp && chmod 1777 /tmp /var/tmp
#     alpine: |-
#       chown root:root /tmp /var/tmp && chmod 1777 /tmp /var/tmp
#   reasons:
#     open:
#       en: "Users can remove files of others here: {found}."
#       uk: "Тут користувачі можуть вилучати чужі файли: {found}."
#     closed:
#       en: "The sticky bit protects the shared directories."
#       uk: "Спільні каталоги захищено бітом sticky."
package baseline.filesystem.shared_directories

import data.lib.files

shared := [file |
	some path in ["/tmp", "/var/tmp", "/dev/shm"]
	file := input.files.paths[path]
	file.kind == "dir"
]

open := [files.said(file) |
	some file in shared
	loose(file)
]

loose(file) if {
	files.others_have(file, 2)
	not sticky(file)
}

loose(file) if file.uid != 0

sticky(file) if bits.and(files.digit(file, 0), 1) == 1

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"directories": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	count(shared) > 0
}
