# METADATA
# title: Certificates that servers are set to present are valid and strong
# description: >-
#   The certificate files that web, mail, database and VPN servers name in their configuration are what clients meet
#   after the next restart. They must be valid for some time yet, not signed with SHA-1 and not made for a short key.
#   What is presented now is a requirement of its own, since a renewed file helps nobody until the server reads it.
# custom:
#   uk:
#     title: Сертифікати, налаштовані для серверів, чинні та стійкі
#     rationale: >-
#       Файли сертифікатів, указані в конфігурації вебсерверів, поштових серверів, баз даних і VPN, клієнти
#       побачать після наступного перезапуску. Вони мають діяти ще певний час, не бути підписаними SHA-1 і не
#       належати короткому ключу. Те, що пред'являється зараз, перевіряє окрема вимога: поновлений файл не
#       допоможе, доки сервер його не прочитає.
#   severity: medium
#   severity_reason:
#     en: People learn to click warnings away, and services stop.
#     uk: Люди звикають оминати попередження, а служби зупиняються.
#   capability: encryption
#   halves: [persisted]
#   facts: [certificates]
#   aliases: [CRY-01]
#   baselines: [essential, server, workstation, appliance]
#   applicability: true
#   params:
#     - name: min_days
#       default: 14
#       meaning:
#         en: least validity left, in days
#         uk: найменший залишок строку дії, у днях
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10"]
#     nist80053: [SC-12, SC-13, SC-17]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Renew the certificate and reload the service that serves it; let an ACME client do both by itself.
#     uk: >-
#       Поновіть сертифікат і перезавантажте службу, що його віддає; нехай ACME-клієнт робить і те, і те самостійно.
#   reasons:
#     expiring:
#       en: "The certificate {path} has {days} days left."
#       uk: "Сертифікат {path} діє ще {days} дн."
#     weak:
#       en: "The certificate {path} is weak ({why})."
#       uk: "Сертифікат {path} слабкий ({why})."
#     good:
#       en: "Every configured certificate is valid and strong."
#       uk: "Кожен налаштований сертифікат чинний і стійкий."
package baseline.crypto.configured_certificates

configured := [c | some c in input.certificates.files; c.configured]

applies := count(configured) > 0 if input.certificates.files

expiring := [c |
	some c in configured
	c.days_left < data.params.crypto.configured_certificates.min_days
]

weak := [{"path": c.path, "why": why} |
	some c in configured
	some why in weaknesses(c)
]

weaknesses(c) := array.concat(
	[c.signature | regex.match(`(?i)^(md5|sha1|dsawithsha1|ecdsa-sha1|sha1-rsa|md5-rsa)`, c.signature)],
	[sprintf("%s %d", [c.key_type, c.key_bits]) | short(c)],
)

short(c) if {
	c.key_type == "rsa"
	c.key_bits < 2048
}

short(c) if {
	c.key_type == "ecdsa"
	c.key_bits < 224
}

persisted := {
	"verdict": "fail",
	"reason": "expiring",
	"params": {"path": expiring[0].path, "days": expiring[0].days_left},
	"evidence": {"certificates": expiring},
} if {
	count(expiring) > 0
} else := {"verdict": "fail", "reason": "weak", "params": weak[0], "evidence": {"certificates": weak}} if {
	count(weak) > 0
} else := {"verdict": "pass", "reason": "good"} if {
	count(configured) > 0
	every c in configured {
		is_number(c.days_left)
		c.key_type
	}
}
