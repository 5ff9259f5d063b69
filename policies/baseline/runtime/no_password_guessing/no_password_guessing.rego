# METADATA
# title: Nobody guesses passwords here
# description: >-
#   Logins failed many times within the last 31 days, by names that exist here. Somebody tries passwords, and
#   nothing stops them.
# custom:
#   uk:
#     title: Паролі тут ніхто не підбирає
#     rationale: >-
#       За останні 31 день було багато невдалих спроб входу з наявними тут іменами. Хтось підбирає паролі, і ніщо
#       цьому не перешкоджає.
#   severity: medium
#   severity_reason:
#     en: One weak password is enough.
#     uk: Вистачить одного слабкого пароля.
#   capability: identity
#   halves: [live]
#   facts: [runtime]
#   aliases: [ACC-09]
#   baselines: [essential, server, appliance]
#   params:
#     - name: most
#       default: 100
#       meaning:
#         en: failed logins by one name from one class of places from which on it counts
#         uk: кількість невдалих входів за одним іменем з одного класу місць, від якої це враховують
#   mappings:
#     csf2: [PR.AA-03, DE.CM-01]
#     cis8: ["6.3", "13.8"]
#     nist80053: [AC-7, SI-4]
#     iso27001: [A.8.5, A.8.16]
#   remedy:
#     en: >-
#       Lock addresses and accounts out after a few failures (fail2ban, pam_faillock). Let SSH accept keys only,
#       and be reached from a VPN or from named networks.
#     uk: >-
#       Блокуйте адреси й облікові записи після кількох невдач (fail2ban, pam_faillock). Дозвольте в SSH лише
#       ключі, а доступ - лише через VPN або з відомих мереж.
#   reasons:
#     guessed:
#       en: "Failed logins: {names}."
#       uk: "Невдалі входи: {names}."
#     none:
#       en: "Fewer than {most} failed logins by any name that exists here."
#       uk: "Менш як {most} невдалих входів за будь-яким наявним тут іменем."
package baseline.runtime.no_password_guessing

import data.lib.probes

most := data.params.runtime.no_password_guessing.most

# names that do not exist here ("?") can be guessed for ever
found := [l |
	some l in input.runtime.logins
	l.user != "?"
	l.failed >= most
]

live := {
	"verdict": "fail", "reason": "guessed",
	"params": {"names": sort([sprintf("%s (%s, %d)", [l.user, l.origin, l.failed]) | some l in found])},
	"evidence": {"logins": found},
} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none", "params": {"most": most}} if {
	probes.whole("login", input.runtime.logins)
}
