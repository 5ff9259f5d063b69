# METADATA
# title: Changes of system files are watched
# description: >-
#   A tool such as AIDE compares the system with a known good state. Without a baseline it compares with nothing, so
#   one must exist.
# custom:
#   uk:
#     title: За змінами системних файлів ведеться нагляд
#     rationale: >-
#       Засіб на зразок AIDE порівнює систему з відомим добрим станом. Без еталона порівнювати ні з чим, тож він має
#       існувати.
#   severity: low
#   severity_reason:
#     en: It shortens the time an intruder stays unseen.
#     uk: Це скорочує час, протягом якого зловмисник лишається непоміченим.
#   capability: monitoring
#   halves: [persisted]
#   facts: [integrity]
#   aliases: [INT-04]
#   baselines: [server]
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["13.2"]
#     nist80053: [SI-7]
#     iso27001: [A.8.16]
#   remedy:
#     en: >-
#       Install AIDE, create its baseline (aideinit, which reads the whole disk once) and let its daily job run.
#     uk: >-
#       Установіть AIDE, створіть еталон (aideinit, один раз читає весь диск) і дайте працювати його щоденному
#       завданню.
#   remedy_commands:
#     debian: |-
#       apt-get install aide
#       aideinit
#     rhel: |-
#       dnf install aide
#       aide --init && mv /var/lib/aide/aide.db.new.gz /var/lib/aide/aide.db.gz
#   reasons:
#     none:
#       en: "No tool watches system files."
#       uk: "Жоден засіб не наглядає за системними файлами."
#     no_baseline:
#       en: "{name} is installed and has no baseline yet."
#       uk: "{name} встановлено, але еталона ще немає."
#     watched:
#       en: "{name} watches system files."
#       uk: "За системними файлами наглядає {name}."
package baseline.integrity.file_monitoring

tools := [t | some t in input.integrity.fim; t.installed == true]

ready := [t | some t in tools; t.database_at]

persisted := {"verdict": "pass", "reason": "watched", "params": {"name": ready[0].name}} if {
	count(ready) > 0
} else := {"verdict": "fail", "reason": "no_baseline", "params": {"name": tools[0].name}} if {
	count(tools) > 0
} else := {"verdict": "fail", "reason": "none"} if {
	is_array(input.integrity.fim)
}
