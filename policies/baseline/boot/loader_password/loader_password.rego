# METADATA
# title: The boot loader asks for a password before it starts something else
# description: >-
#   At the console of an unprotected boot loader anybody can start a root shell by adding a word to the command
#   line. A password for changes stops that; the usual start needs none.
# custom:
#   uk:
#     title: Завантажувач запитує пароль, перш ніж запустити щось інше
#     rationale: >-
#       Із консолі незахищеного завантажувача будь-хто запустить оболонку root, додавши слово до командного
#       рядка. Пароль на зміни цьому перешкоджає; для звичайного запуску він не потрібен.
#   severity: low
#   severity_reason:
#     en: "It needs somebody at the console."
#     uk: "Потрібен доступ до консолі."
#   capability: hardening
#   halves: [persisted]
#   facts: [boot]
#   aliases: [BOOT-04]
#   baselines: [workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["4.1"]
#     nist80053: [AC-3, PE-3]
#     iso27001: [A.7.8]
#   remedy:
#     en: >-
#       Make a hash with grub-mkpasswd-pbkdf2, put set superusers and password_pbkdf2 into
#       /etc/grub.d/40_custom, mark the usual entries --unrestricted, and run update-grub. Without
#       --unrestricted every start waits for the password.
#     uk: >-
#       Створіть геш командою grub-mkpasswd-pbkdf2, додайте set superusers і password_pbkdf2 до
#       /etc/grub.d/40_custom, позначте звичайні пункти --unrestricted і виконайте update-grub. Без
#       --unrestricted кожен запуск чекатиме на пароль.
#   reasons:
#     open:
#       en: "Anybody at the console can change how the system starts."
#       uk: "Будь-хто біля консолі може змінити порядок запуску системи."
#     closed:
#       en: "Changing the start needs a password."
#       uk: "Для зміни порядку запуску потрібен пароль."
package baseline.boot.loader_password

applies if input.boot.loader == "grub"

applies := false if {
	input.boot.loader != "grub"
}

persisted := {"verdict": "fail", "reason": "open"} if {
	input.boot.grub_password == false
} else := {"verdict": "pass", "reason": "closed"} if {
	input.boot.grub_password
}
