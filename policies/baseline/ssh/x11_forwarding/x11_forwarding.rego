# METADATA
# title: SSH does not forward graphical windows
# description: >-
#   With X11Forwarding a taken-over host can read the keyboard and screen of whoever logs in to it. Servers have
#   no use for it, yet Debian ships it switched on.
# custom:
#   uk:
#     title: SSH не перенаправляє графічні вікна
#     rationale: >-
#       За X11Forwarding захоплений вузол може читати клавіатуру й екран того, хто на нього входить. На серверах
#       це непотрібно, хоча в Debian цю можливість увімкнено від початку.
#   severity: low
#   severity_reason:
#     en: "Only administrators who ask for X11 forwarding are exposed."
#     uk: "Небезпека загрожує лише адміністраторам, які вмикають перенаправлення X11."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-06]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.8"]
#     nist80053: [AC-17, CM-7]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Correct the setting in sshd_config, its drop-ins and its Match blocks, check with sshd -t and reload
#       sshd.
#     uk: >-
#       Виправте параметр у sshd_config, у долучених файлах і в блоках Match, перевірте командою sshd -t і
#       перечитайте конфігурацію sshd.
#   remedy_commands:
#     debian: |-
#       printf 'X11Forwarding no\n' > /etc/ssh/sshd_config.d/00-vymir-x11-forwarding.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'X11Forwarding no\n' > /etc/ssh/sshd_config.d/00-vymir-x11-forwarding.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Windows can be forwarded: {found}."
#       uk: "Перенаправлення вікон увімкнено: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.x11_forwarding

import data.lib.sshd

applies := sshd.openssh

wanted := {"X11Forwarding": {"no"}}

persisted := judge(input.sshd.persisted)

live := sshd.not_running if {
	sshd.stopped
} else := judge(input.sshd.live)

judge(config) := sshd.judge(config, {"DisableForwarding": {"yes"}}) if {
	config.settings.disableforwarding[0] == "yes"
} else := sshd.judge(config, wanted)
