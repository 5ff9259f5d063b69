# METADATA
# title: No password is kept in a weak form
# description: >-
#   Passwords kept as DES, MD5, SHA-1 or NT hashes are found in hours once shadow is stolen, by a backup for
#   instance. yescrypt, bcrypt, scrypt, SHA-512 and SHA-256 pass. The form changes only when the password is set
#   anew.
# custom:
#   uk:
#     title: Жоден пароль не зберігається у слабкому вигляді
#     rationale: >-
#       Паролі у вигляді гешів DES, MD5, SHA-1 чи NT підбирають за години, щойно файл shadow потрапить до чужих
#       рук, наприклад разом із резервною копією. yescrypt, bcrypt, scrypt, SHA-512 і SHA-256 прийнятні. Вигляд
#       змінюється лише тоді, коли пароль задають заново.
#   severity: high
#   severity_reason:
#     en: "A stolen file turns into working passwords within hours."
#     uk: "Викрадений файл за лічені години перетворюється на чинні паролі."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: [ACC-03]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2", "3.11"]
#     nist80053: [IA-5]
#     iso27001: [A.5.17, A.8.24]
#   remedy:
#     en: >-
#       Set ENCRYPT_METHOD in login.defs and the pam_unix option to yescrypt or sha512, then have the named
#       users set a new password.
#     uk: >-
#       Задайте yescrypt або sha512 для ENCRYPT_METHOD у login.defs і для pam_unix, а потім нехай названі
#       користувачі змінять пароль.
#   remedy_commands:
#     debian: |-
#       sed -i 's/^ENCRYPT_METHOD.*/ENCRYPT_METHOD YESCRYPT/' /etc/login.defs
#       # then, for every named user: passwd NAME
#   reasons:
#     weak:
#       en: "Passwords are kept in a weak form: {users}."
#       uk: "Паролі зберігаються у слабкому вигляді: {users}."
#     strong:
#       en: "All passwords are kept in a strong form."
#       uk: "Усі паролі зберігаються у стійкому вигляді."
package baseline.accounts.weak_hash

broken := {"des", "bsdi", "md5", "sunmd5", "nt", "sha1"}

weak := [sprintf("%s (%s)", [user.name, user.password.algorithm]) |
	some user in input.accounts.users
	user.password.state == "set"
	user.password.algorithm in broken
]

persisted := {"verdict": "fail", "reason": "weak", "params": {"users": weak}, "evidence": {"users": weak}} if {
	count(weak) > 0
} else := {"verdict": "pass", "reason": "strong"} if {
	input.accounts.shadow_read
	count(input.accounts.users) > 0
}
