# METADATA
# title: New passwords must be long
# description: >-
#   Short passwords are found by trying. The program that changes passwords must use pam_pwquality (or pam_passwdqc)
#   and ask for at least the wanted length. Length matters more than rules about signs, so only the length is judged.
# custom:
#   uk:
#     title: Нові паролі мають бути довгими
#     rationale: >-
#       Короткі паролі підбирають. Програма зміни паролів має використовувати pam_pwquality (або pam_passwdqc) і
#       вимагати щонайменше заданої довжини. Довжина важить більше за правила про знаки, тому оцінюється лише вона.
#   severity: medium
#   severity_reason:
#     en: A guessed password is one account; keys and lock-out limit the harm.
#     uk: Підібраний пароль відкриває один обліковий запис; ключі та блокування обмежують шкоду.
#   capability: identity
#   halves: [persisted]
#   facts: [pam]
#   aliases: [ACC-09]
#   baselines: [essential, server, workstation]
#   applicability: true
#   params:
#     - name: min_length
#       default: 12
#       meaning:
#         en: least number of characters of a new password
#         uk: найменша кількість знаків нового пароля
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2"]
#     nist80053: [IA-5]
#     iso27001: [A.5.17]
#   remedy:
#     en: >-
#       Install the quality module and set minlen in /etc/security/pwquality.conf. Existing passwords stay valid until
#       they are changed.
#     uk: >-
#       Установіть модуль перевірки якості та задайте minlen у /etc/security/pwquality.conf. Чинні паролі діятимуть,
#       доки їх не змінять.
#   remedy_commands:
#     debian: |-
#       apt-get install libpam-pwquality
#       printf 'minlen = 12\n' > /etc/security/pwquality.conf.d/50-vymir.conf
#     rhel: |-
#       printf 'minlen = 12\n' > /etc/security/pwquality.conf.d/50-vymir.conf
#   reasons:
#     no_module:
#       en: "Nothing checks the quality of new passwords."
#       uk: "Якість нових паролів ніщо не перевіряє."
#     short:
#       en: "New passwords may have {seen} characters; at least {wanted} are wanted."
#       uk: "Новий пароль може мати {seen} знаків; потрібно щонайменше {wanted}."
#     long:
#       en: "New passwords must have at least {seen} characters."
#       uk: "Новий пароль повинен мати щонайменше {seen} знаків."
#     passphrase:
#       en: "pam_passwdqc checks new passwords."
#       uk: "Нові паролі перевіряє pam_passwdqc."
package baseline.authentication.password_quality

applies := false if {
	input.families.pam.state == "not_applicable"
} else if {
	input.pam.services
}

wanted := data.params.authentication.password_quality.min_length

# the stack of the program that changes passwords, under the name this system gives it
stack := [rule |
	some name in ["passwd", "common-password", "system-auth"]
	some rule in input.pam.services[name]
	rule.type == "password"
]

modules := {rule.module | some rule in stack}

# pwquality's own default where neither its files nor its arguments say
length := to_number(object.get(input.pam, ["pwquality", "minlen"], "8"))

persisted := {"verdict": "pass", "reason": "passphrase"} if {
	"pam_passwdqc.so" in modules
} else := {
	"verdict": "pass",
	"reason": "long",
	"params": {"seen": length},
	"evidence": {"minlen": length, "wanted": wanted},
} if {
	checked
	length >= wanted
} else := {
	"verdict": "fail",
	"reason": "short",
	"params": {"seen": length, "wanted": wanted},
	"evidence": {"minlen": length, "wanted": wanted},
} if {
	checked
	length < wanted
} else := {"verdict": "fail", "reason": "no_module"} if {
	count(stack) > 0
	not checked
}

checked if "pam_pwquality.so" in modules

checked if "pam_cracklib.so" in modules
