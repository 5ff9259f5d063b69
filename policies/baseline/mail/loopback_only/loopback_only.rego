# METADATA
# title: A mail program that serves no mailboxes listens on loopback only
# description: >-
#   Most hosts carry a mail program only to send their own reports. It must not answer the network. Whether a host is
#   meant to receive mail is for its administrator to say: where it is, set the parameter.
# custom:
#   uk:
#     title: Поштова програма, що не обслуговує скриньок, слухає лише локальний інтерфейс
#     rationale: >-
#       На більшості вузлів поштова програма потрібна лише для надсилання власних звітів. Вона не повинна відповідати
#       в мережі. Якщо вузол має приймати пошту, задайте це параметром.
#   severity: low
#   severity_reason:
#     en: One needless service more in reach of the network.
#     uk: Ще одна зайва служба, досяжна з мережі.
#   capability: perimeter
#   halves: [persisted, live]
#   facts: [mail, sockets]
#   aliases: [SVC-03]
#   baselines: [server, workstation]
#   applicability: true
#   params:
#     - name: mail_server
#       default: false
#       meaning:
#         en: true where this host is meant to receive mail from others
#         uk: true, якщо цей вузол призначено для приймання пошти від інших
#   mappings:
#     csf2: [PR.PS-01, PR.IR-01]
#     cis8: ["4.8"]
#     nist80053: [CM-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Postfix: inet_interfaces = loopback-only, then restart. Exim on Debian: dc_local_interfaces='127.0.0.1 ; ::1',
#       then update-exim4.conf and restart.
#     uk: >-
#       Postfix: inet_interfaces = loopback-only, потім перезапустіть. Exim у Debian: dc_local_interfaces='127.0.0.1 ;
#       ::1', потім update-exim4.conf і перезапуск.
#   remedy_commands:
#     debian: |-
#       postconf -e inet_interfaces=loopback-only && systemctl restart postfix
#     rhel: |-
#       postconf -e inet_interfaces=loopback-only && systemctl restart postfix
#   reasons:
#     listens:
#       en: "{name} is set to answer the network."
#       uk: "{name} налаштовано відповідати в мережі."
#     answers:
#       en: "Answers the network: {names}."
#       uk: "Відповідає в мережі: {names}."
#     silent:
#       en: "No mail service answers the network."
#       uk: "Жодна поштова служба не відповідає в мережі."
#     local:
#       en: "{name} answers on loopback only."
#       uk: "{name} відповідає лише локально."
package baseline.mail.loopback_only

applies := false if {
	input.mail.name == ""
} else := false if {
	input.mail.name
	data.params.mail.loopback_only.mail_server == true
} else if {
	input.mail.name
}

persisted := {"verdict": "fail", "reason": "listens", "params": {"name": input.mail.name}} if {
	input.mail.loopback_only == false
} else := {"verdict": "pass", "reason": "local", "params": {"name": input.mail.name}} if {
	input.mail.loopback_only == true
}

answering contains sprintf("%s (%d)", [object.get(l, "program", "smtp"), l.port]) if {
	some l in input.sockets.listeners
	startswith(l.protocol, "tcp")
	l.port in {25, 465, 587}
	l.exposure != "loopback"
}

live := {"verdict": "fail", "reason": "answers", "params": {"names": sort(answering)}, "evidence": {"listeners": sort(answering)}} if {
	count(answering) > 0
} else := {"verdict": "pass", "reason": "silent"} if {
	is_array(input.sockets.listeners)
}
