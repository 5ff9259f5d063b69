# METADATA
# title: Programs cannot be run from /var/tmp where it is a file system of its own
# description: >-
#   /var/tmp is open to everybody and survives a restart. Where it is mounted by itself, nodev, nosuid and
#   noexec cost nothing and keep programs from running there. Where it is a directory of another file system the
#   control does not apply.
# custom:
#   uk:
#     title: З /var/tmp, якщо це окрема файлова система, не можна запускати програми
#     rationale: >-
#       /var/tmp відкритий для всіх і зберігається після перезавантаження. Якщо його змонтовано окремо, nodev,
#       nosuid і noexec нічого не коштують, а програми звідти не запустяться. Якщо це каталог іншої файлової
#       системи, вимога не застосовується.
#   severity: low
#   severity_reason:
#     en: "It hinders an intruder and does not stop him."
#     uk: "Це заважає зловмисникові, але не зупиняє його."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [mounts]
#   aliases: [FS-05]
#   baselines: [server]
#   applicability: true
#   params:
#     - name: options
#       default: ["nodev", "nosuid", "noexec"]
#       meaning:
#         en: "The mount options wanted."
#         uk: "Потрібні параметри монтування."
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1", "10.5"]
#     nist80053: [CM-6, CM-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Add the options to the line of /var/tmp in /etc/fstab and remount it with mount -o remount /var/tmp.
#     uk: >-
#       Додайте параметри до рядка /var/tmp у /etc/fstab і перемонтуйте його командою mount -o remount /var/tmp.
#   reasons:
#     missing:
#       en: "/var/tmp lacks the options {found} ({where})."
#       uk: "Для /var/tmp не задано {found} ({where})."
#     set:
#       en: "/var/tmp has the options {wanted}."
#       uk: "Для /var/tmp задано {wanted}."
package baseline.filesystem.var_tmp_options

import data.lib.mounts

wanted := data.params.filesystem.var_tmp_options.options

applies if mounts.separate(input.mounts.fstab, "/var/tmp")

applies if mounts.separate(input.mounts.live, "/var/tmp")

applies := false if {
	count([m | some m in input.mounts.fstab; m.target == "/var/tmp"]) == 0
	count([m | some m in object.get(input.mounts, "live", []); m.target == "/var/tmp"]) == 0
	input.mounts.fstab
}

persisted := mounts.judge(input.mounts.fstab, "/var/tmp", wanted)

live := mounts.judge(input.mounts.live, "/var/tmp", wanted)
