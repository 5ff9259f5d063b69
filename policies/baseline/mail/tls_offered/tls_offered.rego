# METADATA
# title: A mail server that receives mail offers TLS
# description: >-
#   Letters between servers travel in the clear unless both sides offer TLS. A server that others deliver to must
#   offer it.
# custom:
#   uk:
#     title: Поштовий сервер, що приймає пошту, пропонує TLS
#     rationale: >-
#       Листи між серверами передаються відкрито, якщо обидві сторони не пропонують TLS. Сервер, якому доставляють
#       пошту інші, має його пропонувати.
#   severity: medium
#   severity_reason:
#     en: Letters and passwords can be read on the way.
#     uk: Листи й паролі можна прочитати на шляху.
#   capability: email_web
#   halves: [persisted]
#   facts: [mail]
#   aliases: [SVC-05]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10"]
#     nist80053: [SC-8]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Postfix: set smtpd_tls_security_level = may with a certificate (smtpd_tls_cert_file, smtpd_tls_key_file), and
#       smtp_tls_security_level = may for sending; then reload.
#     uk: >-
#       Postfix: задайте smtpd_tls_security_level = may із сертифікатом (smtpd_tls_cert_file, smtpd_tls_key_file), а
#       для надсилання smtp_tls_security_level = may; потім перечитайте налаштування.
#   reasons:
#     plain:
#       en: "{name} receives mail without TLS."
#       uk: "{name} приймає пошту без TLS."
#     offered:
#       en: "{name} offers TLS ({level})."
#       uk: "{name} пропонує TLS ({level})."
package baseline.mail.tls_offered

applies := input.mail.loopback_only == false if input.mail.name != ""

applies := false if input.mail.name == ""

persisted := {"verdict": "fail", "reason": "plain", "params": {"name": input.mail.name}} if {
	input.mail.tls == "none"
} else := {"verdict": "pass", "reason": "offered", "params": {"name": input.mail.name, "level": input.mail.tls}} if {
	input.mail.tls in {"may", "encrypt"}
}
