# METADATA
# title: Logs are kept on disk
# description: >-
#   A journal that lives in memory is gone after the restart that follows an incident. Either journald stores its
#   journal on disk, or a syslog service writes files. The live half asks whether anything was written within a day.
# custom:
#   uk:
#     title: Журнали зберігаються на диску
#     rationale: >-
#       Журнал у пам'яті зникає після перезавантаження, що настає за інцидентом. Або journald зберігає журнал на
#       диску, або служба syslog пише файли. Поточний стан показує, чи було щось записано протягом доби.
#   severity: medium
#   severity_reason:
#     en: Without logs nobody can tell what happened.
#     uk: Без журналів ніхто не скаже, що сталося.
#   capability: monitoring
#   halves: [persisted, live]
#   facts: [logging]
#   aliases: [LOG-02]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.PS-04]
#     cis8: ["8.2", "8.3"]
#     nist80053: [AU-4, AU-9]
#     iso27001: [A.8.15]
#   remedy:
#     en: >-
#       Set Storage=persistent for journald (or install rsyslog), and see that the disk has room.
#     uk: >-
#       Задайте Storage=persistent для journald (або встановіть rsyslog) і переконайтеся, що на диску є місце.
#   remedy_commands:
#     debian: |-
#       mkdir -p /etc/systemd/journald.conf.d /var/log/journal
#       printf '[Journal]\nStorage=persistent\n' > /etc/systemd/journald.conf.d/50-vymir.conf
#       systemctl restart systemd-journald
#     rhel: |-
#       mkdir -p /etc/systemd/journald.conf.d /var/log/journal
#       printf '[Journal]\nStorage=persistent\n' > /etc/systemd/journald.conf.d/50-vymir.conf
#       systemctl restart systemd-journald
#   reasons:
#     volatile:
#       en: "Logs are kept in memory only."
#       uk: "Журнали зберігаються лише в пам'яті."
#     kept:
#       en: "Logs are kept on disk."
#       uk: "Журнали зберігаються на диску."
#     silent:
#       en: "Nothing was logged since {date}."
#       uk: "Від {date} нічого не записано."
#     written:
#       en: "The last entry is of {date}."
#       uk: "Останній запис: {date}."
package baseline.logging.persistent

persisted := {"verdict": "pass", "reason": "kept"} if {
	input.logging.journal.persistent == true
} else := {"verdict": "pass", "reason": "kept"} if {
	input.logging.syslog.enabled == true
} else := {"verdict": "fail", "reason": "volatile"} if {
	input.logging.journal.persistent == false
	no_syslog
} else := {"verdict": "fail", "reason": "volatile"} if {
	input.families.logging.state == "ok"
	not input.logging.journal
	no_syslog
}

no_syslog if {
	input.logging
	not input.logging.syslog
}

no_syslog if input.logging.syslog.enabled == false

newest := input.logging.newest_at

age_hours := (time.parse_rfc3339_ns(data.clock.now) - time.parse_rfc3339_ns(newest)) / ((60 * 60) * 1000000000)

live := {"verdict": "pass", "reason": "written", "params": {"date": substring(newest, 0, 16)}} if {
	age_hours <= 24
} else := {"verdict": "fail", "reason": "silent", "params": {"date": substring(newest, 0, 16)}} if {
	age_hours > 24
}
