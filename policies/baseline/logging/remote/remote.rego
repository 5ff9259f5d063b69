# METADATA
# title: Logs leave the host
# description: >-
#   Who breaks in erases the log. A copy on another machine survives, and can be searched across all hosts.
# custom:
#   uk:
#     title: Журнали надсилаються за межі вузла
#     rationale: >-
#       Хто зламує вузол, той стирає журнал. Копія на іншій машині залишиться, і в ній можна шукати відразу по всіх
#       вузлах.
#   severity: high
#   severity_reason:
#     en: After a break-in the local log proves nothing.
#     uk: Після зламу місцевий журнал нічого не доводить.
#   capability: monitoring
#   halves: [persisted]
#   facts: [logging]
#   aliases: [LOG-03, OWRT-07]
#   baselines: [server, appliance]
#   mappings:
#     csf2: [PR.PS-04, DE.AE-03]
#     cis8: ["8.9"]
#     nist80053: [AU-4, AU-6]
#     iso27001: [A.8.15]
#   remedy:
#     en: >-
#       Send the log to a collector, by TCP with TLS where it supports it. The bytes matter on a satellite link: send
#       warnings and authentication first.
#     uk: >-
#       Надсилайте журнал на сервер збирання, через TCP з TLS, якщо він це підтримує. На супутниковому каналі трафік
#       має значення: насамперед надсилайте попередження й події автентифікації.
#   remedy_commands:
#     debian: |-
#       printf '*.warning;auth,authpriv.* @@collector.example.org:6514\n' > /etc/rsyslog.d/60-remote.conf
#       rsyslogd -N1 && systemctl restart rsyslog
#     openwrt: |-
#       uci set system.@system[0].log_ip='192.0.2.10' && uci commit system && /etc/init.d/log restart
#   reasons:
#     local:
#       en: "No log leaves this host."
#       uk: "Журнали не залишають цього вузла."
#     sent:
#       en: "Logs are sent to {targets}."
#       uk: "Журнали надсилаються на {targets}."
#     uploaded:
#       en: "The journal is uploaded."
#       uk: "Журнал надсилається службою вивантаження."
package baseline.logging.remote

persisted := {"verdict": "pass", "reason": "sent", "params": {"targets": input.logging.syslog.remote}} if {
	count(input.logging.syslog.remote) > 0
} else := {"verdict": "pass", "reason": "uploaded"} if {
	input.logging.journal.remote == true
} else := {"verdict": "fail", "reason": "local"} if {
	input.families.logging.state == "ok"
	input.logging
	not syslog_unknown
}

# a syslog service is there and what it sends was not read
syslog_unknown if {
	input.logging.syslog
	not is_array(object.get(input.logging.syslog, "remote", null))
}
