# METADATA
# title: Every loaded kernel module is signed
# description: >-
#   A module without a signature, or one that was loaded by force, is code of unknown origin with all rights -
#   the form in which rootkits come. Modules that were built on this host (graphics, ZFS) are seen here too;
#   sign them with a key of your own.
# custom:
#   uk:
#     title: Усі завантажені модулі ядра підписано
#     rationale: >-
#       Модуль без підпису або завантажений примусово - це код невідомого походження з усіма правами; саме так
#       потрапляють у систему руткіти. Сюди входять і модулі, зібрані на цьому вузлі (відеокарта, ZFS):
#       підпишіть їх власним ключем.
#   severity: medium
#   severity_reason:
#     en: "Most such modules are honest drivers, but nothing tells them from a rootkit."
#     uk: "Здебільшого це справжні драйвери, але ніщо не відрізняє їх від руткіта."
#   capability: malware
#   halves: [live]
#   facts: [kernel]
#   aliases: [BOOT-05]
#   baselines: [server]
#   mappings:
#     csf2: [PR.PS-05, DE.CM-09]
#     cis8: ["2.5", "2.6"]
#     nist80053: [SI-7, CM-14]
#     iso27001: [A.8.7, A.8.19]
#   remedy:
#     en: >-
#       Find out what each named module belongs to (modinfo NAME). Unload and remove what nobody can explain,
#       and treat the host as taken over; sign the others with a machine owner key.
#     uk: >-
#       З'ясуйте, до чого належить кожен названий модуль (modinfo НАЗВА). Те, що ніхто не може пояснити,
#       вивантажте й вилучіть, а вузол вважайте захопленим; решту підпишіть ключем власника машини (MOK).
#   reasons:
#     unsigned:
#       en: "Modules without a signature, or forced: {found}."
#       uk: "Модулі без підпису або завантажені примусово: {found}."
#     signed:
#       en: "All {count} loaded modules are signed."
#       uk: "Підписано всі завантажені модулі ({count})."
#     no_modules:
#       en: "The kernel has no loadable modules."
#       uk: "Ядро не має завантажуваних модулів."
package baseline.kernel.module_origin

unsigned := [sprintf("%s (%s)", [module.name, module.taint]) |
	some module in input.kernel.modules
	regex.match(`[EF]`, module.taint)
]

live := {"verdict": "fail", "reason": "unsigned", "params": {"found": unsigned}, "evidence": {"modules": unsigned}} if {
	count(unsigned) > 0
} else := {"verdict": "pass", "reason": "no_modules"} if {
	input.kernel.modules == []
} else := {"verdict": "pass", "reason": "signed", "params": {"count": count(input.kernel.modules)}} if {
	count(input.kernel.modules) > 0
}
