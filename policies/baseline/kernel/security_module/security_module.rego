# METADATA
# title: A security module confines programs
# description: >-
#   AppArmor or SELinux hold a broken service to what it needs. Live, the kernel says whether one of them
#   enforces; after the next restart SELinux follows /etc/selinux/config, AppArmor its service.
# custom:
#   uk:
#     title: Модуль безпеки обмежує програми
#     rationale: >-
#       AppArmor або SELinux утримують зламану службу в межах потрібного їй. Чи діє один із них зараз,
#       повідомляє ядро; після перезавантаження SELinux керується файлом /etc/selinux/config, а AppArmor - своєю
#       службою.
#   severity: medium
#   severity_reason:
#     en: "Without it one broken service reaches everything that its user may."
#     uk: "Без нього одна зламана служба дістається до всього, що дозволено її користувачеві."
#   capability: hardening
#   halves: [persisted, live]
#   facts: [kernel, services]
#   aliases: [KRN-05]
#   baselines: [server, workstation]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5", "4.1"]
#     nist80053: [AC-3, SC-39]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Debian and Ubuntu - install apparmor, enable its service and remove apparmor=0 from the command line.
#       RHEL - set SELINUX=enforcing in /etc/selinux/config and restart; after a long time in disabled, go over
#       permissive first, since files need new labels.
#     uk: >-
#       Debian і Ubuntu - установіть apparmor, увімкніть його службу й приберіть apparmor=0 з командного рядка.
#       RHEL - задайте SELINUX=enforcing у /etc/selinux/config і перезавантажте вузол; якщо його довго було
#       вимкнено, спершу ввімкніть permissive, бо файлам потрібні нові мітки.
#   remedy_commands:
#     debian: |-
#       apt-get install -y apparmor && systemctl enable --now apparmor
#     rhel: |-
#       sed -i 's/^SELINUX=.*/SELINUX=enforcing/' /etc/selinux/config
#   reasons:
#     off:
#       en: "No security module enforces ({seen})."
#       uk: "Жоден модуль безпеки не діє ({seen})."
#     on:
#       en: "{seen} confines programs."
#       uk: "Програми обмежує {seen}."
#     none_enabled:
#       en: "Neither SELinux nor AppArmor will start with the system ({seen})."
#       uk: "Із запуском системи не вмикається ані SELinux, ані AppArmor ({seen})."
package baseline.kernel.security_module

persisted := answer("pass", "on", "SELinux") if {
	input.kernel.lsm_configured.selinux == "enforcing"
} else := answer("pass", "on", "AppArmor") if {
	input.services.units["apparmor.service"].enabled in {"enabled", "static", "generated", "alias"}
	not switched_off
} else := answer("fail", "none_enabled", sprintf("SELINUX=%s", [input.kernel.lsm_configured.selinux])) if {
	input.kernel.lsm_configured.selinux
} else := answer("fail", "none_enabled", sprintf("apparmor.service %s", [input.services.units["apparmor.service"].enabled])) if {
	input.services.units["apparmor.service"].enabled
} else := answer("fail", "none_enabled", "–") if {
	input.services.init == "systemd"
	count(input.services.units) > 0
}

switched_off if "apparmor=0" in input.kernel.cmdline_configured

live := answer("pass", "on", "SELinux") if {
	input.kernel.lsm_enforcing.selinux == "enforcing"
} else := answer("pass", "on", "AppArmor") if {
	input.kernel.lsm_enforcing.apparmor == "enabled"
} else := answer("fail", "off", [sprintf("%s: %s", [name, state]) | some name, state in input.kernel.lsm_enforcing]) if {
	count(input.kernel.lsm_enforcing) > 0
}

answer(verdict, reason, seen) := {"verdict": verdict, "reason": reason, "params": {"seen": seen}, "evidence": {"seen": seen}}
