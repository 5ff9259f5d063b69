# METADATA
# title: Installed files are those of their packages
# description: >-
#   A program that differs from the checksum its package brought was changed after it was installed. Configuration
#   files are left out. A changed or missing program is told as soon as it is found; that all is well, only when every
#   file was read.
# custom:
#   uk:
#     title: Установлені файли відповідають своїм пакетам
#     rationale: >-
#       Програму, що відрізняється від контрольної суми свого пакета, змінили після встановлення. Файли налаштувань не
#       враховуються. Про змінену чи відсутню програму вузол повідомляє, щойно її виявлено, а про те, що все гаразд, -
#       лише коли прочитано кожен файл.
#   severity: high
#   severity_reason:
#     en: A changed program is the deepest hiding place on a disk.
#     uk: Змінена програма є найглибшою схованкою на диску.
#   capability: malware
#   halves: [persisted]
#   facts: [integrity]
#   aliases: [INT-02]
#   baselines: [server, workstation]
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["2.3"]
#     nist80053: [SI-7]
#     iso27001: [A.8.7, A.8.19]
#   remedy:
#     en: >-
#       Compare with the package (dpkg -V, rpm -V). Reinstall the package if the change was yours; else keep the file
#       as evidence and treat the host as broken into.
#     uk: >-
#       Порівняйте з пакетом (dpkg -V, rpm -V). Якщо зміна ваша, перевстановіть пакет; інакше збережіть файл як доказ
#       і вважайте вузол зламаним.
#   reasons:
#     changed:
#       en: "Changed since installation: {names}."
#       uk: "Змінено після встановлення: {names}."
#     missing:
#       en: "Programs of installed packages are not there: {names}."
#       uk: "Немає програм установлених пакетів: {names}."
#     same:
#       en: "Every installed file is as its package brought it."
#       uk: "Кожен установлений файл такий, яким його приніс пакет."
package baseline.integrity.package_files

persisted := {
	"verdict": "fail",
	"reason": "changed",
	"params": {"names": input.integrity.modified_files},
	"evidence": {"modified_files": input.integrity.modified_files, "missing_files": missing},
} if {
	count(input.integrity.modified_files) > 0
} else := {
	"verdict": "fail",
	"reason": "missing",
	"params": {"names": missing},
	"evidence": {"missing_files": missing},
} if {
	count(missing) > 0
} else := {"verdict": "pass", "reason": "same"} if {
	input.integrity.verified == true
	input.integrity.modified_files == []
}

# Documentation and translations are left out of small installations; programs are not.
missing := [p |
	some p in input.integrity.missing_files
	regex.match(`^(/usr)?(/s?bin/|/libexec/|/lib/([^/]+/)?security/)`, p)
]
