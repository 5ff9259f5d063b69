# METADATA
# title: Security updates install themselves, and did so lately
# description: >-
#   Holes are misused within days after they are known. The files must switch automatic updates on; the live half asks
#   whether they really ran within the last days, for an enabled timer that never ran helps nobody.
# custom:
#   uk:
#     title: Оновлення безпеки встановлюються самі, і нещодавно це відбувалося
#     rationale: >-
#       Вразливості починають використовувати за кілька днів після оприлюднення. Файли мають вмикати автоматичні
#       оновлення; поточний стан показує, чи вони справді виконувалися останніми днями, адже ввімкнений таймер, що
#       жодного разу не спрацював, нікому не допоможе.
#   severity: medium
#   severity_reason:
#     en: Known holes stay open until someone remembers.
#     uk: Відомі вразливості лишаються відкритими, доки хтось не згадає.
#   capability: patching
#   halves: [persisted, live]
#   facts: [updates]
#   aliases: [SYS-06]
#   baselines: [essential, server, workstation]
#   params:
#     - name: max_days
#       default: 7
#       meaning:
#         en: longest time since the last automatic run, in days
#         uk: найдовший час від останнього автоматичного запуску, у днях
#   mappings:
#     csf2: [PR.PS-02]
#     cis8: ["7.3"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Install and enable the updater of your system. Services may restart when they are updated; choose the hour by
#       its timer.
#     uk: >-
#       Установіть і ввімкніть засіб оновлення вашої системи. Під час оновлення служби можуть перезапускатися; годину
#       задає таймер.
#   remedy_commands:
#     debian: |-
#       apt-get install unattended-upgrades
#       printf 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n' > /etc/apt/apt.conf.d/20auto-upgrades
#     rhel: |-
#       dnf install dnf-automatic
#       sed -i "s/^apply_updates.*/apply_updates = yes/" /etc/dnf/automatic.conf
#       systemctl enable --now dnf-automatic.timer
#   reasons:
#     off:
#       en: "Security updates do not install themselves."
#       uk: "Оновлення безпеки не встановлюються самі."
#     on:
#       en: "{tool} installs security updates."
#       uk: "Оновлення безпеки встановлює {tool}."
#     late:
#       en: "{tool} last ran on {date}."
#       uk: "Останній запуск {tool}: {date}."
#     ran:
#       en: "{tool} ran on {date}."
#       uk: "Запуск {tool}: {date}."
package baseline.updates.automatic

tool := object.get(input.updates, "automatic_tool", "unattended-upgrades")

persisted := {"verdict": "pass", "reason": "on", "params": {"tool": tool}} if {
	input.updates.automatic == true
} else := {"verdict": "fail", "reason": "off"} if {
	input.updates.automatic == false
}

day_ns := ((24 * 60) * 60) * 1000000000

last := input.updates.automatic_last_run

age_days := (time.parse_rfc3339_ns(data.clock.now) - time.parse_rfc3339_ns(last)) / day_ns

live := {"verdict": "fail", "reason": "off"} if {
	input.live == true
	input.updates.automatic == false
} else := {"verdict": "fail", "reason": "late", "params": {"tool": tool, "date": substring(last, 0, 10)}} if {
	age_days > data.params.updates.automatic.max_days
} else := {"verdict": "pass", "reason": "ran", "params": {"tool": tool, "date": substring(last, 0, 10)}} if {
	age_days <= data.params.updates.automatic.max_days
}
