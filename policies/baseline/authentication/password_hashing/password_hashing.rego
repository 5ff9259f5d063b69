# METADATA
# title: New passwords are stored with a strong hash
# description: >-
#   A stolen shadow file is worth as much as its hashes are weak. New passwords must be stored by yescrypt, SHA-512,
#   SHA-256 or bcrypt; the argument of pam_unix decides, and ENCRYPT_METHOD of login.defs where it gives none.
# custom:
#   uk:
#     title: Нові паролі зберігаються зі стійким гешем
#     rationale: >-
#       Викрадений файл shadow вартий рівно стільки, наскільки слабкі його геші. Нові паролі мають зберігатися з
#       yescrypt, SHA-512, SHA-256 або bcrypt; вирішує аргумент pam_unix, а якщо його немає, то ENCRYPT_METHOD з
#       login.defs.
#   severity: medium
#   severity_reason:
#     en: It matters once the file is stolen.
#     uk: Це важливо, коли файл уже викрадено.
#   capability: identity
#   halves: [persisted]
#   facts: [pam, accounts]
#   aliases: []
#   baselines: [essential, server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-01, PR.DS-01]
#     cis8: ["3.11", "5.2"]
#     nist80053: [IA-5, SC-13]
#     iso27001: [A.5.17, A.8.24]
#   remedy:
#     en: >-
#       Write yescrypt (or sha512) after pam_unix.so in the password stack and set ENCRYPT_METHOD the same in
#       /etc/login.defs. Old hashes are replaced when people change their passwords.
#     uk: >-
#       Допишіть yescrypt (або sha512) після pam_unix.so у стеку password і задайте те саме в ENCRYPT_METHOD у
#       /etc/login.defs. Старі геші замінюються, коли люди змінюють паролі.
#   reasons:
#     weak:
#       en: "New passwords are stored by {seen}."
#       uk: "Нові паролі зберігаються за допомогою {seen}."
#     strong:
#       en: "New passwords are stored by {seen}."
#       uk: "Нові паролі зберігаються за допомогою {seen}."
package baseline.authentication.password_hashing

applies := false if {
	input.families.pam.state == "not_applicable"
} else if {
	input.pam.services
}

strong := {"yescrypt", "gost_yescrypt", "sha512", "sha256", "blowfish", "bcrypt"}

methods := strong | {"md5", "bigcrypt", "des"}

stack := [rule |
	some name in ["passwd", "common-password", "system-auth"]
	some rule in input.pam.services[name]
	rule.type == "password"
	rule.module == "pam_unix.so"
]

by_pam contains arg if {
	some rule in stack
	some arg in rule.args
	arg in methods
}

seen := min(by_pam) if {
	count(by_pam) > 0
} else := lower(input.accounts.login_defs.ENCRYPT_METHOD) if {
	count(stack) > 0
}

persisted := {"verdict": "pass", "reason": "strong", "params": {"seen": seen}} if {
	seen in strong
} else := {"verdict": "fail", "reason": "weak", "params": {"seen": seen}} if {
	seen in methods
}
