# METADATA
# title: No update waits for a restart of the host
# description: >-
#   An update of the kernel or of the base library protects only after a restart.
# custom:
#   uk:
#     title: Жодне оновлення не чекає перезавантаження вузла
#     rationale: >-
#       Оновлення ядра чи базової бібліотеки захищає лише після перезавантаження.
#   severity: medium
#   severity_reason:
#     en: The fix is on the disk, the hole is still in memory.
#     uk: Виправлення вже на диску, а вразливість ще в пам'яті.
#   capability: patching
#   halves: [live]
#   facts: [boot]
#   aliases: [SYS-09]
#   baselines: [essential, server, workstation]
#   mappings:
#     csf2: [PR.PS-02]
#     cis8: ["7.3"]
#     nist80053: [SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Restart the host in the next maintenance window.
#     uk: >-
#       Перезавантажте вузол у найближче вікно обслуговування.
#   reasons:
#     pending:
#       en: "The host waits for a restart."
#       uk: "Вузол чекає перезавантаження."
#     none:
#       en: "No restart is pending."
#       uk: "Перезавантаження не потрібне."
package baseline.updates.no_pending_reboot

live := {"verdict": "fail", "reason": "pending"} if {
	input.boot.reboot_required == true
} else := {"verdict": "pass", "reason": "none"} if {
	input.boot.reboot_required == false
}
