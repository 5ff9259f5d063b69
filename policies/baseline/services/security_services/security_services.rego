# METADATA
# title: Installed security services start at boot and run
# description: >-
#   A service that watches or guards the host and is switched off, or has failed, guards nothing, and nobody misses it.
#   Whatever is installed of auditd, fail2ban, CrowdSec, sshguard, USBGuard, Wazuh and this agent must start at boot
#   and run; firewall and time services that start at boot must not have failed.
# custom:
#   uk:
#     title: Установлені служби безпеки запускаються й працюють
#     rationale: >-
#       Служба, яка стежить за вузлом чи захищає його, нічого не захищає, коли її вимкнено або вона зупинилася з
#       помилкою, і ніхто цього не помічає. Кожна встановлена служба з-поміж auditd, fail2ban, CrowdSec, sshguard,
#       USBGuard, Wazuh і цього агента має запускатися під час завантаження й працювати; служби міжмережевого екрана та
#       часу, що запускаються під час завантаження, не повинні бути у стані помилки.
#   severity: medium
#   severity_reason:
#     en: "The protection is believed to be there and is not."
#     uk: "Захист вважають наявним, а його немає."
#   capability: monitoring
#   halves: [persisted, live]
#   facts: [services]
#   aliases: [SVC-02]
#   baselines: [server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-04, DE.CM-09]
#     cis8: ["8.2", "13.2"]
#     nist80053: [AU-5, SI-4, SI-6]
#     iso27001: [A.8.16, A.8.15]
#   remedy:
#     en: >-
#       Start the service and have it started at boot; when it has failed, its journal says why. A service that is not
#       wanted is better removed than left switched off.
#     uk: >-
#       Запустіть службу й увімкніть її запуск під час завантаження; якщо вона зупинилася з помилкою, причина є в її
#       журналі. Непотрібну службу краще вилучити, ніж лишити вимкненою.
#   remedy_commands:
#     debian: |-
#       systemctl enable --now auditd   # or the service named
#       journalctl -u auditd -n 30
#     rhel: |-
#       systemctl enable --now auditd   # or the service named
#       journalctl -u auditd -n 30
#     alpine: |-
#       rc-update add auditd default && rc-service auditd start
#   reasons:
#     off:
#       en: "Do not start at boot: {names}."
#       uk: "Не запускаються під час завантаження: {names}."
#     on:
#       en: "Every installed security service starts at boot ({names})."
#       uk: "Усі встановлені служби безпеки запускаються під час завантаження ({names})."
#     down:
#       en: "Do not run: {names}."
#       uk: "Не працюють: {names}."
#     up:
#       en: "Every security service that starts at boot runs."
#       uk: "Усі служби безпеки, що запускаються під час завантаження, працюють."
package baseline.services.security_services

guards := {"auditd", "fail2ban", "crowdsec", "sshguard", "usbguard", "wazuh-agent", "vymir-agent"}

# services of another control, which only must not have failed
helpers := {"nftables", "firewalld", "ufw", "netfilter-persistent", "iptables", "chrony", "chronyd", "systemd-timesyncd", "ntpd", "ntpsec", "ntp"}

installed := {short: unit |
	some name, unit in input.services.units
	short := trim_suffix(name, ".service")
	short in guards
	unit.exists == true
}

applies := count(installed) > 0 if {
	is_object(input.services.units)
}

off := [name | some name, unit in installed; unit.enabled in {"disabled", "masked"}]

persisted := {"verdict": "fail", "reason": "off", "params": {"names": sort(off)}, "evidence": {"units": sort(off)}} if {
	count(off) > 0
} else := {"verdict": "pass", "reason": "on", "params": {"names": sort(object.keys(installed))}} if {
	count(installed) > 0
	every unit in installed {
		unit.enabled
	}
}

down := {name | some name, unit in installed; unit.enabled == "enabled"; unit.active in {"inactive", "failed"}}

failed := {short |
	some name, unit in input.services.units
	short := trim_suffix(name, ".service")
	short in helpers
	unit.enabled == "enabled"
	unit.active == "failed"
}

live := {
	"verdict": "fail",
	"reason": "down",
	"params": {"names": sort(down | failed)},
	"evidence": {"units": sort(down | failed)},
} if {
	count(down | failed) > 0
} else := {"verdict": "pass", "reason": "up"} if {
	count(installed) > 0
	every unit in installed {
		unit.active
	}
}
