# METADATA
# title: Mail does not travel in the clear
# description: >-
#   The kernel recognised mail being handed over by SMTP without TLS, to or from another host: everything in it can
#   be read on the way, and changed. A mail server on the Internet has to accept such mail from others at times;
#   there the parameter may allow it.
# custom:
#   uk:
#     title: Пошта не передається відкритим текстом
#     rationale: >-
#       Ядро розпізнало передавання пошти через SMTP без TLS до іншого вузла або від нього: на шляху все в ній
#       можна прочитати й змінити. Поштовому серверу в інтернеті часом доводиться приймати таку пошту від інших;
#       тоді це можна дозволити параметром.
#   severity: medium
#   severity_reason:
#     en: Contents and addresses are open to whoever is on the path.
#     uk: Вміст і адреси відкриті кожному на шляху.
#   capability: email_web
#   halves: [live]
#   facts: [runtime]
#   aliases: [SVC-04]
#   baselines: [essential, server, workstation]
#   params:
#     - name: allowed
#       default: []
#       meaning:
#         en: directions in which it is allowed; in for what other hosts bring, out for what this one sends
#         uk: напрямки, у яких це дозволено; in - те, що приносять інші, out - те, що надсилає цей вузол
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10"]
#     nist80053: [SC-8]
#     iso27001: [A.5.14, A.8.24]
#   remedy:
#     en: >-
#       Let the mail server offer and ask for STARTTLS, and publish MTA-STS. Programs that send notices belong to a
#       mail relay on this host or to one reached by TLS.
#     uk: >-
#       Налаштуйте поштовий сервер пропонувати й вимагати STARTTLS і опублікуйте MTA-STS. Програми, що надсилають
#       сповіщення, мають користуватися локальним поштовим ретранслятором або з'єднанням із TLS.
#   reasons:
#     seen:
#       en: "Seen: {names}."
#       uk: "Зафіксовано: {names}."
#     none:
#       en: "No mail was seen in the clear."
#       uk: "Відкритого передавання пошти не зафіксовано."
package baseline.runtime.no_plaintext_mail

import data.lib.probes

protocols := {"smtp", "smtp_auth"}

# what was mended stops to count after a week
found := [s |
	some s in input.runtime.spoken
	s.protocol in protocols
	not s.direction in data.params.runtime.no_plaintext_mail.allowed
	probes.recent(s.last_seen, 7)
]

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(probes.talks(found))}, "evidence": {"spoken": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("protocol", input.runtime.spoken)
}
