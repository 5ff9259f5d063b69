# METADATA
# title: The host asks for updates regularly
# description: >-
#   A host whose package lists are old does not know what it lacks: the source is gone, the link is blocked or nobody
#   asks.
# custom:
#   uk:
#     title: Вузол регулярно перевіряє наявність оновлень
#     rationale: >-
#       Вузол зі старими переліками пакетів не знає, чого йому бракує: джерело зникло, зв'язок заблоковано або ніхто
#       не перевіряє.
#   severity: medium
#   severity_reason:
#     en: Nobody learns of missing updates.
#     uk: Ніхто не дізнається про брак оновлень.
#   capability: patching
#   halves: [persisted]
#   facts: [updates]
#   aliases: [SYS-05]
#   baselines: [essential, server, workstation]
#   params:
#     - name: max_days
#       default: 14
#       meaning:
#         en: oldest package lists, in days
#         uk: найбільший вік переліків пакетів, у днях
#   mappings:
#     csf2: [PR.PS-02]
#     cis8: ["7.3"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Refresh the lists and look at the error if it fails; then let a timer do it daily.
#     uk: >-
#       Оновіть переліки й перегляньте помилку, якщо не вдасться; надалі нехай це щодня робить таймер.
#   remedy_commands:
#     debian: |-
#       apt-get update
#     rhel: |-
#       dnf makecache
#     alpine: |-
#       apk update
#     openwrt: |-
#       opkg update
#   reasons:
#     old:
#       en: "The package lists are {days} days old."
#       uk: "Перелікам пакетів {days} дн."
#     fresh:
#       en: "The package lists are {days} days old."
#       uk: "Перелікам пакетів {days} дн."
package baseline.updates.lists_fresh

days := input.updates.lists_age_days

persisted := {"verdict": "fail", "reason": "old", "params": {"days": days}} if {
	days > data.params.updates.lists_fresh.max_days
} else := {"verdict": "pass", "reason": "fresh", "params": {"days": days}} if {
	days >= 0
}
