# METADATA
# title: Root cannot log in over SSH with a password
# description: >-
#   A server on the network is tried with guessed root passwords all day, and a shared root password leaves no
#   trace of who used it. PermitRootLogin must be no, prohibit-password or forced-commands-only, for everyone
#   and in every Match block that can hold for root. The value yes fails even where passwords are switched off
#   by another setting, because the safety of root must not hang on that one line. The default of OpenSSH,
#   prohibit-password, passes.
# custom:
#   uk:
#     title: Root не може увійти через SSH за паролем
#     rationale: >-
#       На сервері, доступному з мережі, паролі root підбирають цілодобово, а спільний пароль root не залишає
#       сліду, хто саме ним скористався. PermitRootLogin має дорівнювати no, prohibit-password або
#       forced-commands-only і в загальній частині, і в кожному блоці Match, що може стосуватися root. Значення
#       yes є порушенням навіть тоді, коли вхід за паролем вимкнено іншим параметром, бо захист root не повинен
#       залежати від одного рядка. Типове значення OpenSSH, prohibit-password, прийнятне.
#   severity: high
#   severity_reason:
#     en: "One guessed or leaked password gives full control of the host over the network."
#     uk: "Один підібраний або викрадений пароль дає повний контроль над вузлом через мережу."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-01, SSH-09]
#   baselines: [essential, server, workstation, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["5.4"]
#     nist80053: [AC-6, AC-17, IA-2]
#     iso27001: [A.8.2, A.8.5]
#   remedy:
#     en: >-
#       Make sure that a named administrator can log in and use sudo. Then set PermitRootLogin to
#       prohibit-password (or no) before the first Match block, remove it from Match blocks, and reload sshd.
#       Keep the present session open until a new one works.
#     uk: >-
#       Переконайтеся, що іменний обліковий запис адміністратора може увійти й користуватися sudo. Потім задайте
#       PermitRootLogin prohibit-password (або no) перед першим блоком Match, приберіть цей параметр із блоків
#       Match і перечитайте конфігурацію sshd. Не закривайте поточний сеанс, доки не перевірите новий.
#   remedy_commands:
#     debian: |-
#       printf 'PermitRootLogin prohibit-password\n' > /etc/ssh/sshd_config.d/00-vymir-root.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'PermitRootLogin prohibit-password\n' > /etc/ssh/sshd_config.d/00-vymir-root.conf
#       sshd -t && systemctl reload sshd
#     openwrt: |-
#       uci set dropbear.@dropbear[0].RootPasswordAuth='off'
#       uci commit dropbear && /etc/init.d/dropbear restart
#   reasons:
#     wrong:
#       en: "Root may log in with a password: {found}. PermitRootLogin must be no, prohibit-password or forced-commands-only."
#       uk: "Root може увійти за паролем: {found}. PermitRootLogin має бути no, prohibit-password або forced-commands-only."
#     right:
#       en: "Root cannot log in with a password: {found}."
#       uk: "Root не може увійти за паролем: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.root_login

import data.lib.sshd

applies := input.sshd.installed

refusals := {"no", "prohibit-password", "without-password", "forced-commands-only"}

any_value := refusals | {"yes"}

persisted := judge(input.sshd.persisted)

live := sshd.not_running if {
	sshd.stopped
} else := judge(input.sshd.live)

# dropbear's option -s refuses passwords to everybody, root included, and cannot be taken back for some
judge(config) := sshd.judge(config, {"PermitRootLogin": any_value}) if {
	input.sshd.implementation == "dropbear"
	config.settings.passwordauthentication == ["no"]
} else := sshd.judge(config, {"PermitRootLogin": refusals})
