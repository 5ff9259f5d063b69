# METADATA
# title: Served certificates are valid and strong
# description: >-
#   What counts is the certificate a service really presents, for a renewed file helps nothing while the old one is
#   served. It must be valid for two more weeks, signed with SHA-256 or better, with a key of at least 2048 bits (RSA)
#   or 224 bits (elliptic curve).
# custom:
#   uk:
#     title: Сертифікати служб чинні та стійкі
#     rationale: >-
#       Важить той сертифікат, який служба справді пред'являє: поновлений файл нічого не дає, доки віддається старий.
#       Він має діяти щонайменше ще два тижні, бути підписаним SHA-256 або краще, з ключем не менше ніж 2048 бітів
#       (RSA) чи 224 біти (еліптична крива).
#   severity: medium
#   severity_reason:
#     en: People learn to click warnings away, and services stop.
#     uk: Люди звикають оминати попередження, а служби зупиняються.
#   capability: encryption
#   halves: [live]
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
#       en: "The certificate on port {port} has {days} days left."
#       uk: "Сертифікат на порту {port} діє ще {days} дн."
#     weak:
#       en: "The certificate on port {port} is weak ({why})."
#       uk: "Сертифікат на порту {port} слабкий ({why})."
#     good:
#       en: "Every served certificate is valid and strong."
#       uk: "Кожен пред'явлений сертифікат чинний і стійкий."
package baseline.crypto.served_certificates

applies := count(input.certificates.served) > 0

expiring := [c |
	some c in input.certificates.served
	c.days_left < data.params.crypto.served_certificates.min_days
]

weak := [{"port": c.port, "why": why} |
	some c in input.certificates.served
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

live := {
	"verdict": "fail",
	"reason": "expiring",
	"params": {"port": expiring[0].port, "days": expiring[0].days_left},
	"evidence": {"certificates": expiring},
} if {
	count(expiring) > 0
} else := {"verdict": "fail", "reason": "weak", "params": weak[0], "evidence": {"certificates": weak}} if {
	count(weak) > 0
} else := {"verdict": "pass", "reason": "good"} if {
	count(input.certificates.served) > 0
	every c in input.certificates.served {
		c.days_left
		c.key_bits
	}
}
