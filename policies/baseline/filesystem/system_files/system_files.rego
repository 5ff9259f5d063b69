# METADATA
# title: Nobody but root can change the system's configuration
# description: >-
#   Files of /etc and /boot that everybody may write to - start-up scripts, PAM, services, profiles of all users
#   - give root away to any local user. Links and directories with the sticky bit do not count.
# custom:
#   uk:
#     title: Конфігурацію системи може змінювати лише root
#     rationale: >-
#       Файли в /etc та /boot, доступні для запису всім, - сценарії запуску, PAM, служби, профілі всіх
#       користувачів - віддають root будь-якому локальному користувачеві. Посилання та каталоги з бітом sticky
#       не враховуються.
#   severity: high
#   severity_reason:
#     en: "Most of these files are run or read with root rights."
#     uk: "Більшість цих файлів виконується або читається з правами root."
#   capability: hardening
#   halves: [persisted]
#   facts: [files]
#   aliases: [FS-02]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["3.3"]
#     nist80053: [AC-3, CM-5]
#     iso27001: [A.8.3]
#   remedy:
#     en: >-
#       Take write access to the named files away from others with chmod o-w FILE, after checking what is in
#       them now.
#     uk: >-
#       Перевірте вміст названих файлів і заберіть в інших право запису командою chmod o-w ФАЙЛ.
#   reasons:
#     open:
#       en: "Everybody can change these files: {found}."
#       uk: "Ці файли може змінити будь-хто: {found}."
#     closed:
#       en: "No file of the system's configuration is open to everybody."
#       uk: "Жоден файл конфігурації системи не відкритий для запису всім."
package baseline.filesystem.system_files

import data.lib.files

open := [files.said(file) |
	some path, file in input.files.paths
	regex.match(`^/(etc|boot|root)(/|$)`, path)
	file.kind in {"file", "dir"}
	files.others_have(file, 2)
	not sticky(file)
]

sticky(file) if {
	file.kind == "dir"
	bits.and(files.digit(file, 0), 1) == 1
}

persisted := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"files": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	input.files.paths["/etc/passwd"].mode
}
