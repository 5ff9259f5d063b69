# METADATA
# title: SSH forwards no ports, agents or tunnels
# description: >-
#   A forwarded port carries traffic past the firewall, and a forwarded agent lends the keys of the
#   administrator to the host. Where nobody needs them, AllowTcpForwarding, AllowAgentForwarding, PermitTunnel
#   and GatewayPorts should be no; DisableForwarding yes switches all of them off and passes.
# custom:
#   uk:
#     title: SSH не перенаправляє порти, агентів і тунелі
#     rationale: >-
#       Перенаправлений порт проводить трафік повз міжмережевий екран, а перенаправлений агент дає вузлу змогу
#       користуватися ключами адміністратора. Якщо це нікому не потрібно, AllowTcpForwarding,
#       AllowAgentForwarding, PermitTunnel і GatewayPorts мають дорівнювати no; DisableForwarding yes вимикає
#       все одразу, і вимогу виконано.
#   severity: low
#   severity_reason:
#     en: "Forwarding serves an attacker only after an account was taken over."
#     uk: "Перенаправлення допомагає нападникові лише після захоплення облікового запису."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-06]
#   baselines: [server, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.8"]
#     nist80053: [AC-17, CM-7]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Set DisableForwarding yes, or the single settings to no; where a user needs a tunnel, allow it for that
#       user in a Match block and accept the finding with a waiver. Jump hosts and some backup tools need
#       forwarding.
#     uk: >-
#       Задайте DisableForwarding yes або вимкніть окремі параметри; якщо комусь потрібен тунель, дозвольте його
#       цьому користувачеві в блоці Match і оформте виняток. Перенаправлення потрібне проміжним (jump) вузлам і
#       деяким засобам резервного копіювання.
#   remedy_commands:
#     debian: |-
#       printf 'DisableForwarding yes\n' > /etc/ssh/sshd_config.d/00-vymir-forwarding.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'DisableForwarding yes\n' > /etc/ssh/sshd_config.d/00-vymir-forwarding.conf
#       sshd -t && systemctl reload sshd
#   reasons:
#     wrong:
#       en: "Forwarding is allowed: {found}."
#       uk: "Перенаправлення дозволено: {found}."
#     right:
#       en: "As it should be: {found}."
#       uk: "Налаштовано як належить: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.forwarding

import data.lib.sshd

applies := sshd.openssh

wanted := {"AllowTcpForwarding": {"no"}, "AllowAgentForwarding": {"no"}, "PermitTunnel": {"no"}, "GatewayPorts": {"no"}}

persisted := judge(input.sshd.persisted)

live := sshd.not_running if {
	sshd.stopped
} else := judge(input.sshd.live)

judge(config) := sshd.judge(config, {"DisableForwarding": {"yes"}}) if {
	config.settings.disableforwarding[0] == "yes"
} else := sshd.judge(config, wanted)
