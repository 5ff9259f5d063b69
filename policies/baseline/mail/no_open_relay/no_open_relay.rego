# METADATA
# title: The mail server does not relay for strangers
# description: >-
#   An open relay sends spam and forged letters in the institution's name, and its address ends on block lists, so
#   that its own mail no longer arrives.
# custom:
#   uk:
#     title: Поштовий сервер не пересилає пошту сторонніх
#     rationale: >-
#       Відкритий релей розсилає спам і підроблені листи від імені установи, а його адреса потрапляє до списків
#       блокування, тож власна пошта перестає доходити.
#   severity: high
#   severity_reason:
#     en: It is found and misused within hours.
#     uk: Його знаходять і починають використовувати за лічені години.
#   capability: email_web
#   halves: [persisted]
#   facts: [mail]
#   aliases: []
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.IR-01, PR.PS-01]
#     cis8: ["4.1", "9.3"]
#     nist80053: [CM-7, SC-7]
#     iso27001: [A.8.9, A.5.14]
#   remedy:
#     en: >-
#       Postfix: keep reject_unauth_destination in smtpd_relay_restrictions, and limit mynetworks to your own
#       addresses; then reload.
#     uk: >-
#       Postfix: залиште reject_unauth_destination у smtpd_relay_restrictions та обмежте mynetworks власними адресами;
#       потім перечитайте налаштування.
#   reasons:
#     open:
#       en: "{name} relays mail for anyone who connects."
#       uk: "{name} пересилає пошту будь-кого, хто під'єднається."
#     closed:
#       en: "{name} relays only for its own."
#       uk: "{name} пересилає пошту лише своїх користувачів."
package baseline.mail.no_open_relay

applies := input.mail.name != ""

persisted := {"verdict": "fail", "reason": "open", "params": {"name": input.mail.name}} if {
	input.mail.open_relay == true
} else := {"verdict": "pass", "reason": "closed", "params": {"name": input.mail.name}} if {
	input.mail.open_relay == false
}
