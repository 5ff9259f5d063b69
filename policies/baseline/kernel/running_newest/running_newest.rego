# METADATA
# title: The newest installed kernel is the one that runs
# description: >-
#   A kernel update protects only from the restart on. Until then the package data base says patched while the
#   old kernel runs. A kernel that comes from outside the file system (a hypervisor, a network boot) is not
#   judged.
# custom:
#   uk:
#     title: Працює найновіше зі встановлених ядер
#     rationale: >-
#       Оновлення ядра захищає лише після перезавантаження. Доти база пакетів показує, що все оновлено, хоча
#       працює старе ядро. Ядро, що надходить ззовні файлової системи (гіпервізор, завантаження з мережі), не
#       оцінюється.
#   severity: high
#   severity_reason:
#     en: "The flaws that the update was to mend are still open."
#     uk: "Вади, які мало усунути оновлення, лишаються відкритими."
#   capability: patching
#   halves: [live]
#   facts: [kernel]
#   aliases: [SYS-03, SYS-09]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.PS-02]
#     cis8: ["7.3"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Restart the host at the next opportunity. Plan it with those who use its services, and check that the
#       new kernel starts.
#     uk: >-
#       Перезавантажте вузол за першої нагоди. Узгодьте це з користувачами його служб і перевірте, що нове ядро
#       запускається.
#   reasons:
#     old:
#       en: "Kernel {running} runs, {newest} is installed and waits for a restart."
#       uk: "Працює ядро {running}, а {newest} встановлено й чекає перезавантаження."
#     newest:
#       en: "The newest installed kernel runs: {running}."
#       uk: "Працює найновіше встановлене ядро: {running}."
package baseline.kernel.running_newest

live := {
	"verdict": "fail", "reason": "old",
	"params": {"running": input.kernel.release, "newest": input.kernel.newest_installed},
	"evidence": {"running": input.kernel.release, "newest": input.kernel.newest_installed},
} if {
	input.kernel.running_is_newest == false
} else := {
	"verdict": "pass", "reason": "newest",
	"params": {"running": input.kernel.release}, "evidence": {"running": input.kernel.release},
} if {
	input.kernel.running_is_newest
}
