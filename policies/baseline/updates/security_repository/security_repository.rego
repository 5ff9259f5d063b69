# METADATA
# title: The security archive is among the package sources
# description: >-
#   Debian and Ubuntu publish security fixes in an archive of its own. A host that does not name it gets them late or
#   never.
# custom:
#   uk:
#     title: Архів безпеки є серед джерел пакетів
#     rationale: >-
#       Debian і Ubuntu публікують виправлення безпеки в окремому архіві. Вузол, що його не знає, отримує їх із
#       запізненням або ніколи.
#   severity: high
#   severity_reason:
#     en: Security fixes never arrive.
#     uk: Виправлення безпеки не надходять.
#   capability: patching
#   halves: [persisted]
#   facts: [packages, os]
#   aliases: [SYS-07]
#   baselines: [essential, server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-02]
#     cis8: ["7.3"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Add the line for your release, then refresh the lists.
#     uk: >-
#       Додайте рядок для свого випуску, потім оновіть переліки.
#   remedy_commands:
#     debian: |-
#       . /etc/os-release
#       echo "deb http://security.debian.org/debian-security ${VERSION_CODENAME}-security main" > /etc/apt/sources.list.d/security.list
#       apt-get update
#   reasons:
#     missing:
#       en: "No enabled package source is the security archive."
#       uk: "Серед увімкнених джерел пакетів немає архіву безпеки."
#     present:
#       en: "{uri} brings security updates."
#       uk: "Оновлення безпеки надає {uri}."
package baseline.updates.security_repository

applies := input.os.id in {"debian", "ubuntu"}

security := [s | some s in input.packages.sources; s.enabled; s.security]

persisted := {"verdict": "pass", "reason": "present", "params": {"uri": security[0].uri}} if {
	count(security) > 0
} else := {"verdict": "fail", "reason": "missing"} if {
	count(input.packages.sources) > 0
}
