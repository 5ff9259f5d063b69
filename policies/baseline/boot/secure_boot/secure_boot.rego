# METADATA
# title: The firmware starts only signed systems
# description: >-
#   Without Secure Boot whoever has the machine for a minute, or root once, can put a boot loader in place that
#   survives a new installation. A machine without UEFI has no such protection, and the control does not apply
#   to it.
# custom:
#   uk:
#     title: Вбудоване ПЗ запускає лише підписані системи
#     rationale: >-
#       Без Secure Boot той, хто на хвилину дістався до машини або один раз здобув root, може встановити
#       завантажувач, що переживе перевстановлення системи. Машини без UEFI такого захисту не мають, тож вимога
#       їх не стосується.
#   severity: medium
#   severity_reason:
#     en: "It takes access to the machine or root rights, and lasts very long."
#     uk: "Для нападу потрібен доступ до машини або права root, зате наслідки дуже тривалі."
#   capability: hardening
#   halves: [live]
#   facts: [boot]
#   aliases: [BOOT-01]
#   baselines: [server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.1"]
#     nist80053: [SI-7, CM-6]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Switch Secure Boot on in the firmware's setup, after checking that the boot loader is signed
#       (shim-signed) and no unsigned module is needed. Set a password for the setup.
#     uk: >-
#       Увімкніть Secure Boot у налаштуваннях вбудованого ПЗ, попередньо перевіривши, що завантажувач підписаний
#       (shim-signed) і непідписані модулі не потрібні. Захистіть ці налаштування паролем.
#   reasons:
#     off:
#       en: "Secure Boot is off."
#       uk: "Secure Boot вимкнено."
#     setup_mode:
#       en: "Secure Boot is in setup mode: its keys can be replaced."
#       uk: "Secure Boot перебуває в режимі налаштування: його ключі можна замінити."
#     on:
#       en: "Secure Boot is on."
#       uk: "Secure Boot увімкнено."
package baseline.boot.secure_boot

applies := input.boot.efi

live := {"verdict": "fail", "reason": "off"} if {
	input.boot.secure_boot == false
} else := {"verdict": "fail", "reason": "setup_mode"} if {
	input.boot.setup_mode
} else := {"verdict": "pass", "reason": "on"} if {
	input.boot.secure_boot
}
