# METADATA
# title: Only the system can read passwords and change accounts
# description: >-
#   Whoever can write to passwd or group makes himself root; whoever can read shadow or gshadow takes the
#   password hashes away. All of them must belong to root; shadow and gshadow may be read by the group shadow at
#   most. The copies that end in a minus sign count too.
# custom:
#   uk:
#     title: Паролі може читати, а облікові записи змінювати лише система
#     rationale: >-
#       Хто може писати в passwd або group, зробить себе root; хто може читати shadow або gshadow, забере геші
#       паролів. Усі ці файли мають належати root; shadow і gshadow дозволено читати щонайбільше групі shadow.
#       Копії, назви яких закінчуються мінусом, теж враховуються.
#   severity: high
#   severity_reason:
#     en: "Every local user becomes root, or gets all password hashes."
#     uk: "Будь-який локальний користувач стає root або отримує всі геші паролів."
#   capability: identity
#   halves: [persisted]
#   facts: [files]
#   aliases: [FS-01]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, AC-6]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Correct owner and mode of the named files. If shadow was readable for others, have all passwords
#       changed.
#     uk: >-
#       Виправте власника й права названих файлів. Якщо shadow могли читати інші, змініть усі паролі.
#   remedy_commands:
#     debian: |-
#       chown root:root /etc/passwd* /etc/group* && chmod 644 /etc/passwd* /etc/group*
#       chown root:shadow /etc/shadow* /etc/gshadow* && chmod 640 /etc/shadow* /etc/gshadow*
#     rhel: |-
#       chown root:root /etc/passwd* /etc/group* /etc/shadow* /etc/gshadow*
#       chmod 644 /etc/passwd* /etc/group* && chmod 000 /etc/shadow* /etc/gshadow*
#     alpine: |-
#       chown root:root /etc/passwd* /etc/group* && chmod 644 /etc/passwd* /etc/group*
#       chown root:shadow /etc/shadow* && chmod 640 /etc/shadow*
#     openwrt: |-
#       chown root:root /etc/passwd /etc/group /etc/shadow && chmod 644 /etc/passwd /etc/group && chmod 600 /etc/shadow
#   reasons:
#     open:
#       en: "These files are open to others than the system: {found}."
#       uk: "Ці файли доступні не лише системі: {found}."
#     closed:
#       en: "Accounts and passwords are held by the system alone."
#       uk: "Облікові записи й паролі доступні лише системі."
package baseline.filesystem.account_files

import data.lib.files

public := {"/etc/passwd", "/etc/passwd-", "/etc/group", "/etc/group-"}

secret := {"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-"}

open contains fault if {
	some path in public
	some fault in files.faults(input.files.paths[path], "033")
}

open contains fault if {
	some path in secret
	some fault in files.faults(input.files.paths[path], "037")
}

open contains files.said(file) if {
	some path in secret
	file := input.files.paths[path]
	files.group_has(file, 4)
	not object.get(file, "group", "") in {"shadow", "root"} # a group without a name is a stranger too
}

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"files": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	input.files.paths["/etc/passwd"].mode
	input.files.paths["/etc/group"].mode
	shadow_seen
}

shadow_seen if input.files.paths["/etc/shadow"].mode

shadow_seen if files.absent(input.files.paths["/etc/shadow"])
