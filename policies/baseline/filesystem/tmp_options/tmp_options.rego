# METADATA
# title: Programs cannot be run from /tmp
# description: >-
#   /tmp is where an intruder puts the first program. As a file system of its own with nodev, nosuid and noexec
#   it runs none, holds no devices and gives no rights. The last file system mounted there counts. Some
#   installers unpack to /tmp and run from there; they take another place from TMPDIR.
# custom:
#   uk:
#     title: З каталогу /tmp не можна запускати програми
#     rationale: >-
#       Першу програму зловмисник кладе саме в /tmp. Якщо це окрема файлова система з nodev, nosuid і noexec,
#       програми звідти не запускаються, пристрої не діють, а додаткові права не надаються. Враховується остання
#       змонтована там файлова система. Деякі інсталятори розпаковуються в /tmp і запускаються звідти; інше
#       місце їм задають через TMPDIR.
#   severity: low
#   severity_reason:
#     en: "It hinders an intruder and does not stop him."
#     uk: "Це заважає зловмисникові, але не зупиняє його."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [mounts]
#   aliases: [FS-05]
#   baselines: [server]
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
#       Mount /tmp as tmpfs with these options, by a line in /etc/fstab or by tmp.mount, and restart. Check
#       first that no program keeps large files in /tmp - they would take memory.
#     uk: >-
#       Змонтуйте /tmp як tmpfs із цими параметрами рядком у /etc/fstab або через tmp.mount і перезавантажте
#       вузол. Спершу перевірте, що жодна програма не тримає в /tmp великих файлів: вони займатимуть пам'ять.
#   remedy_commands:
#     debian: |-
#       echo 'tmpfs /tmp tmpfs rw,nodev,nosuid,noexec,size=2G 0 0' >> /etc/fstab
#     rhel: |-
#       echo 'tmpfs /tmp tmpfs rw,nodev,nosuid,noexec,size=2G 0 0' >> /etc/fstab
#   reasons:
#     missing:
#       en: "/tmp lacks the options {found} ({where})."
#       uk: "Для /tmp не задано {found} ({where})."
#     not_separate:
#       en: "/tmp is not a file system of its own."
#       uk: "/tmp не є окремою файловою системою."
#     set:
#       en: "/tmp has the options {wanted}."
#       uk: "Для /tmp задано {wanted}."
package baseline.filesystem.tmp_options

import data.lib.mounts

wanted := data.params.filesystem.tmp_options.options

persisted := mounts.judge(input.mounts.fstab, "/tmp", wanted) if {
	mounts.separate(input.mounts.fstab, "/tmp")
} else := {"verdict": "fail", "reason": "not_separate"} if {
	input.mounts.fstab
}

live := mounts.judge(input.mounts.live, "/tmp", wanted) if {
	mounts.separate(input.mounts.live, "/tmp")
} else := {"verdict": "fail", "reason": "not_separate"} if {
	count(input.mounts.live) > 0
}
