# METADATA
# title: Data on disks is encrypted
# description: >-
#   A disk that is stolen, seized or sent for repair gives everything away unless it is encrypted. Every mounted disk
#   file system must lie on an encrypted layer; the boot partition may stay open. A virtual machine's disk may be
#   encrypted below it, which it cannot see: scope the control out there.
# custom:
#   uk:
#     title: Дані на дисках зашифровано
#     rationale: >-
#       Викрадений, вилучений чи відданий у ремонт диск розкриває все, якщо його не зашифровано. Кожна змонтована
#       дискова файлова система має лежати на зашифрованому шарі; розділ завантаження може лишатися відкритим. Диск
#       віртуальної машини може бути зашифровано на нижчому рівні, якого вона не бачить: там вимогу слід виключити.
#   severity: medium
#   severity_reason:
#     en: It takes the disk itself, and wartime makes that likelier.
#     uk: Потрібен сам диск, а під час війни це ймовірніше.
#   capability: encryption
#   halves: [live]
#   facts: [encryption, hardware]
#   aliases: [FS-06]
#   baselines: [server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-01]
#     cis8: ["3.6", "3.11"]
#     nist80053: [SC-28]
#     iso27001: [A.8.24, A.7.10]
#   remedy:
#     en: >-
#       Encrypt when the host is next installed (LUKS in the installer). A running system is moved by backup,
#       reinstall and restore. Decide first who keeps the recovery key.
#     uk: >-
#       Зашифруйте під час наступного встановлення (LUKS в інсталяторі). Працюючу систему переносять через резервну
#       копію, перевстановлення й відновлення. Спершу вирішіть, у кого зберігатиметься ключ відновлення.
#   reasons:
#     plain:
#       en: "Not encrypted: {targets}."
#       uk: "Не зашифровано: {targets}."
#     encrypted:
#       en: "Every data volume is encrypted."
#       uk: "Кожен том з даними зашифровано."
package baseline.encryption.data_volumes

applies := input.hardware.virtualization == "none"

open := {"/boot", "/boot/efi", "/efi"}

volumes := [v | some v in input.encryption.volumes; not object.get(v, "target", "") in open]

plain := [object.get(v, "target", v.device) | some v in volumes; v.encrypted == false]

live := {"verdict": "fail", "reason": "plain", "params": {"targets": plain}, "evidence": {"targets": plain}} if {
	count(plain) > 0
} else := {"verdict": "pass", "reason": "encrypted"} if {
	count(volumes) > 0
	every v in volumes {
		v.encrypted == true
	}
}
