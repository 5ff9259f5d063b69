# METADATA
# title: Programs cannot be run from shared memory
# description: >-
#   /dev/shm is open to everybody and leaves no trace on disk, which makes it the favourite place for a hidden
#   program. With nodev, nosuid and noexec it runs none. Systemd mounts it without noexec unless /etc/fstab says
#   otherwise.
# custom:
#   uk:
#     title: Зі спільної пам'яті не можна запускати програми
#     rationale: >-
#       /dev/shm відкритий для всіх і не лишає слідів на диску, тому це улюблене місце для прихованих програм. З
#       nodev, nosuid і noexec програми звідти не запускаються. Systemd монтує його без noexec, якщо в
#       /etc/fstab не сказано іншого.
#   severity: low
#   severity_reason:
#     en: "It hinders an intruder and does not stop him."
#     uk: "Це заважає зловмисникові, але не зупиняє його."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [mounts, services]
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
#       Add a line for /dev/shm with these options to /etc/fstab and mount it anew. Few programs (some databases
#       with just-in-time compilation) need to run code from there.
#     uk: >-
#       Додайте до /etc/fstab рядок для /dev/shm із цими параметрами та перемонтуйте його. Запускати код звідти
#       потрібно лише поодиноким програмам (деяким базам даних із динамічною компіляцією).
#   remedy_commands:
#     debian: |-
#       echo 'tmpfs /dev/shm tmpfs rw,nodev,nosuid,noexec 0 0' >> /etc/fstab
#       mount -o remount,nodev,nosuid,noexec /dev/shm
#     rhel: |-
#       echo 'tmpfs /dev/shm tmpfs rw,nodev,nosuid,noexec 0 0' >> /etc/fstab
#       mount -o remount,nodev,nosuid,noexec /dev/shm
#   reasons:
#     missing:
#       en: "/dev/shm lacks the options {found} ({where})."
#       uk: "Для /dev/shm не задано {found} ({where})."
#     set:
#       en: "/dev/shm has the options {wanted}."
#       uk: "Для /dev/shm задано {wanted}."
package baseline.filesystem.shm_options

import data.lib.mounts

wanted := data.params.filesystem.shm_options.options

persisted := mounts.judge(input.mounts.fstab, "/dev/shm", wanted) if {
	mounts.separate(input.mounts.fstab, "/dev/shm")
} else := mounts.judge(by_systemd, "/dev/shm", wanted) if {
	input.mounts.fstab
	input.services.init == "systemd"
}

by_systemd := [{"target": "/dev/shm", "options": ["nosuid", "nodev"], "origin": "systemd"}]

live := mounts.judge(input.mounts.live, "/dev/shm", wanted)
