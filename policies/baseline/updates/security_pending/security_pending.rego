# METADATA
# title: No security update waits to be installed
# description: >-
#   The package lists on this host offer newer versions from the security archive than those installed. Lists that are
#   old say nothing, so this is measured only while they are fresh.
# custom:
#   uk:
#     title: Немає невстановлених оновлень безпеки
#     rationale: >-
#       Переліки пакетів на вузлі пропонують з архіву безпеки новіші версії, ніж установлено. Застарілі переліки
#       нічого не кажуть, тому вимірювання можливе лише за свіжих.
#   severity: high
#   severity_reason:
#     en: The fix exists, and the hole is known to everyone.
#     uk: Виправлення існує, а про вразливість знають усі.
#   capability: patching
#   halves: [persisted]
#   facts: [updates]
#   aliases: [SYS-05]
#   baselines: [essential, server, workstation]
#   params:
#     - name: max_list_age_days
#       default: 14
#       meaning:
#         en: age of the package lists up to which they are believed, in days
#         uk: вік переліків пакетів, за якого їм можна вірити, у днях
#   mappings:
#     csf2: [PR.PS-02, ID.RA-01]
#     cis8: ["7.3", "7.7"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Install the updates now, and restart what they concern.
#     uk: >-
#       Установіть оновлення зараз і перезапустіть те, чого вони стосуються.
#   remedy_commands:
#     debian: |-
#       apt-get update && apt-get upgrade
#     rhel: |-
#       dnf upgrade --security
#   reasons:
#     pending:
#       en: "{count} security updates wait."
#       uk: "Очікують оновлення безпеки: {count}."
#     none:
#       en: "No security update waits."
#       uk: "Невстановлених оновлень безпеки немає."
package baseline.updates.security_pending

persisted := {
	"verdict": "fail",
	"reason": "pending",
	"params": {"count": input.updates.pending_security},
	"evidence": {"pending_security": input.updates.pending_security},
} if {
	input.updates.pending_security > 0
} else := {"verdict": "pass", "reason": "none"} if {
	input.updates.pending_security == 0
	input.updates.lists_age_days <= data.params.updates.security_pending.max_list_age_days
}
