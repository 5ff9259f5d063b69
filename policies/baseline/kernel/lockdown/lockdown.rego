# METADATA
# title: Even root cannot change the running kernel
# description: >-
#   With lockdown in the mode integrity or confidentiality an intruder with root rights cannot put code into the
#   kernel and hide there. Distributions switch it on together with Secure Boot. The files
#   must make the next boot lock down too.
# custom:
#   uk:
#     title: Навіть root не може змінити працююче ядро
#     rationale: >-
#       У режимі блокування integrity або confidentiality зловмисник із правами root не може вставити код у ядро
#       й сховатися там. Дистрибутиви вмикають цей режим разом із Secure Boot. За
#       файлами блокування має діяти й після наступного завантаження.
#   severity: low
#   severity_reason:
#     en: "It is a barrier behind root, who already rules the host."
#     uk: "Це рубіж після root, який і так володіє вузлом."
#   capability: hardening
#   revision: 2
#   halves: [persisted, live]
#   facts: [kernel]
#   aliases: [BOOT-02]
#   baselines: [server]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["10.5"]
#     nist80053: [CM-6, SI-7]
#     iso27001: [A.8.9]
#   remedy:
#     en: >-
#       Switch Secure Boot on in the firmware, or add lockdown=integrity to the kernel's command line. Modules
#       without a signature and hibernation stop working.
#     uk: >-
#       Увімкніть Secure Boot у вбудованому ПЗ або додайте lockdown=integrity до командного рядка ядра. Модулі
#       без підпису та режим глибокого сну перестануть працювати.
#   reasons:
#     none:
#       en: "Lockdown is off."
#       uk: "Блокування ядра вимкнено."
#     locked:
#       en: "Lockdown is {seen}."
#       uk: "Блокування ядра: {seen}."
package baseline.kernel.lockdown

persisted := judge(input.kernel.lockdown_next)

live := judge(input.kernel.lockdown)

judge(mode) := {"verdict": "fail", "reason": "none", "evidence": {"lockdown": "none"}} if {
	mode == "none"
} else := {"verdict": "pass", "reason": "locked", "params": {"seen": mode}, "evidence": {"lockdown": mode}} if {
	mode in {"integrity", "confidentiality"}
}
