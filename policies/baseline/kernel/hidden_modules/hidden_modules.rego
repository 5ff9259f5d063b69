# METADATA
# title: No kernel module hides
# description: >-
#   A module that is loaded and yet missing from the kernel's list has taken itself out of it. Nothing but a
#   rootkit does that.
# custom:
#   uk:
#     title: Жоден модуль ядра не прихований
#     rationale: >-
#       Якщо модуль завантажено, але в переліку ядра його немає, він сам себе звідти вилучив. Так діють лише
#       руткіти.
#   severity: critical
#   severity_reason:
#     en: "It is the sign of an intruder who rules the kernel."
#     uk: "Це ознака зловмисника, який володіє ядром."
#   capability: malware
#   halves: [live]
#   facts: [kernel]
#   aliases: [BOOT-06]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["13.2", "10.1"]
#     nist80053: [SI-4, SI-7]
#     iso27001: [A.8.7]
#   remedy:
#     en: >-
#       Treat the host as taken over. Cut it off the network without switching it off, call your response team
#       (CERT-UA), and rebuild it from sound media.
#     uk: >-
#       Вважайте вузол захопленим. Від'єднайте його від мережі, не вимикаючи, зверніться до групи реагування
#       (CERT-UA) і відновіть систему з надійного носія.
#   reasons:
#     hidden:
#       en: "Modules hide from the kernel's list: {found}."
#       uk: "Модулі приховано з переліку ядра: {found}."
#     none:
#       en: "No module hides."
#       uk: "Прихованих модулів немає."
package baseline.kernel.hidden_modules

live := {"verdict": "fail", "reason": "hidden", "params": {"found": hidden}, "evidence": {"modules": hidden}} if {
	hidden := input.kernel.hidden_modules
	count(hidden) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	input.kernel.hidden_modules == []
}
