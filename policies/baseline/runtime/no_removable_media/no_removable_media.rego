# METADATA
# title: No removable medium was mounted
# description: >-
#   The kernel shows a file system of the kind that USB sticks and discs carry, mounted while the agent watched.
#   That is how malicious software crosses into separated networks, and how data leaves them.
# custom:
#   uk:
#     title: Змінних носіїв не підключали
#     rationale: >-
#       Ядро показує файлову систему з тих, що бувають на USB-накопичувачах і дисках; її підключили під час
#       спостереження. Так шкідливе ПЗ потрапляє у відокремлені мережі, і так із них виносять дані.
#   severity: low
#   severity_reason:
#     en: Somebody has to be at the machine for that.
#     uk: Для цього потрібно бути біля машини.
#   capability: hardening
#   halves: [live]
#   facts: [runtime]
#   aliases: [FS-09]
#   baselines: [server]
#   mappings:
#     csf2: [PR.DS-01, DE.CM-02]
#     cis8: ["10.3", "10.4"]
#     nist80053: [MP-7, SI-4]
#     iso27001: [A.7.10, A.8.12]
#   remedy:
#     en: >-
#       Ask who plugged it in and why. Where media are needed, check them on a separate machine first. Block
#       usb-storage where they are not.
#     uk: >-
#       З'ясуйте, хто й навіщо підключив носій. Якщо носії потрібні, спершу перевіряйте їх на окремій машині. Де не
#       потрібні, заблокуйте usb-storage.
#   reasons:
#     seen:
#       en: "Mounted: {names}."
#       uk: "Підключено: {names}."
#     none:
#       en: "No removable medium was mounted."
#       uk: "Змінних носіїв не підключали."
package baseline.runtime.no_removable_media

import data.lib.probes

kinds := {"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "iso9660", "udf", "hfsplus"}

# "vfat /dev/sdb1 on /mnt (rw,relatime)"; the boot partition is of such a kind, too
found := [e |
	some e in probes.events("mount")
	words := split(e.detail, " ")
	words[0] in kinds
	not startswith(words[3], "/boot")
	not startswith(words[3], "/efi")
	not startswith(words[1], "/dev/loop")
]

names := {concat(" ", array.slice(split(e.detail, " "), 0, 4)) | some e in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"events": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("mount", input.runtime.events)
}
