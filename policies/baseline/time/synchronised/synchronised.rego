# METADATA
# title: The clock is kept right by a time service
# description: >-
#   Logs of several machines can only be read together when their clocks agree, and certificates and one-time codes
#   fail when they do not. The files must start a time service, and the kernel must say now that the clock is
#   synchronised.
# custom:
#   uk:
#     title: Годинник звіряє служба точного часу
#     rationale: >-
#       Журнали кількох машин можна читати разом, лише коли їхні годинники збігаються, а сертифікати й одноразові коди
#       інакше не працюють. Файли мають запускати службу часу, а ядро має підтверджувати, що годинник синхронізовано.
#   severity: medium
#   severity_reason:
#     en: Wrong clocks spoil logs, certificates and sign-in.
#     uk: Хибний час псує журнали, сертифікати та вхід.
#   capability: time
#   halves: [persisted, live]
#   facts: [time]
#   aliases: [LOG-05]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: max_error_seconds
#       default: 16
#       meaning:
#         en: largest error of the clock, by the kernel's own estimate, in seconds
#         uk: найбільша похибка годинника за оцінкою ядра, у секундах
#   mappings:
#     csf2: [PR.PS-04]
#     cis8: ["8.4"]
#     nist80053: [AU-8, SC-45]
#     iso27001: [A.8.17]
#   remedy:
#     en: >-
#       Enable systemd-timesyncd or chrony, and give it servers that can be reached. With a jammed or missing
#       satellite clock use several independent servers.
#     uk: >-
#       Увімкніть systemd-timesyncd або chrony і задайте досяжні сервери. Якщо супутниковий час глушать або його
#       немає, використовуйте кілька незалежних серверів.
#   remedy_commands:
#     debian: |-
#       timedatectl set-ntp true
#     rhel: |-
#       systemctl enable --now chronyd
#     alpine: |-
#       rc-update add chronyd default && rc-service chronyd start
#     openwrt: |-
#       uci set system.ntp.enabled='1' && uci commit system && /etc/init.d/sysntpd enable && /etc/init.d/sysntpd restart
#   reasons:
#     no_service:
#       en: "No time service starts at boot."
#       uk: "Під час завантаження не запускається жодна служба часу."
#     no_server:
#       en: "{name} starts at boot and knows no server to ask."
#       uk: "Під час завантаження запускається {name}, але жодного сервера часу не задано."
#     enabled:
#       en: "{name} starts at boot."
#       uk: "Під час завантаження запускається {name}."
#     unsynchronised:
#       en: "The kernel says that the clock is not synchronised."
#       uk: "Ядро повідомляє, що годинник не синхронізовано."
#     synchronised:
#       en: "The clock is synchronised."
#       uk: "Годинник синхронізовано."
package baseline.time.synchronised

enabled := [d.name | some d in input.time.daemons; d.enabled == true]

persisted := {"verdict": "fail", "reason": "no_server", "params": {"name": "chrony"}, "evidence": {"servers": []}} if {
	enabled == ["chrony"] # the others fall back to servers or clocks of their own
	input.time.servers == []
	input.families.time.state == "ok"
} else := {"verdict": "pass", "reason": "enabled", "params": {"name": enabled[0]}} if {
	count(enabled) > 0
} else := {"verdict": "fail", "reason": "no_service"} if {
	is_array(input.time.daemons)
	every d in input.time.daemons {
		d.enabled == false
	}
}

live := {"verdict": "fail", "reason": "unsynchronised", "evidence": {"synchronised": false}} if {
	input.time.synchronised == false
} else := {"verdict": "fail", "reason": "unsynchronised", "evidence": {"max_error_seconds": input.time.max_error_seconds}} if {
	input.time.max_error_seconds > data.params.time.synchronised.max_error_seconds
} else := {"verdict": "pass", "reason": "synchronised"} if {
	input.time.synchronised == true
}
