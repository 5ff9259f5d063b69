# METADATA
# title: Known flaws of the processor are mitigated
# description: >-
#   The kernel says for each known flaw of the processor whether it is mitigated. Kernel, microcode and command
#   line decide together, so no file can tell. A virtual machine may depend on its hypervisor for it.
# custom:
#   uk:
#     title: Відомі вади процесора знешкоджено
#     rationale: >-
#       Для кожної відомої вади процесора ядро повідомляє, чи її знешкоджено. Це залежить разом від ядра,
#       мікрокоду й командного рядка, тож за файлами цього не визначити. У віртуальній машині це може залежати
#       від гіпервізора.
#   severity: medium
#   severity_reason:
#     en: "It lets one program read the secrets of another, on shared machines above all."
#     uk: "Одна програма може читати таємниці іншої, передусім на спільних машинах."
#   capability: patching
#   halves: [live]
#   facts: [kernel]
#   aliases: [SYS-08]
#   baselines: [server, workstation]
#   mappings:
#     csf2: [PR.PS-02, ID.RA-01]
#     cis8: ["7.3"]
#     nist80053: [SI-2, RA-5]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Update kernel and microcode (intel-microcode, amd64-microcode or linux-firmware) and restart; on a
#       virtual machine have the hypervisor updated too. Where the processor gets no more updates, plan its
#       replacement.
#     uk: >-
#       Оновіть ядро й мікрокод (intel-microcode, amd64-microcode або linux-firmware) і перезавантажте вузол;
#       для віртуальної машини потрібно оновити й гіпервізор. Якщо для процесора оновлень більше немає,
#       заплануйте його заміну.
#   remedy_commands:
#     debian: |-
#       apt-get install -y intel-microcode || apt-get install -y amd64-microcode   # from non-free-firmware
#   reasons:
#     vulnerable:
#       en: "The kernel calls the processor vulnerable to: {found}."
#       uk: "Ядро вважає процесор уразливим до: {found}."
#     mitigated:
#       en: "No known flaw of the processor is open."
#       uk: "Невиправлених відомих вад процесора немає."
package baseline.kernel.processor_flaws

open := [sprintf("%s (%s)", [flaw, state]) |
	some flaw, state in input.kernel.cpu_vulnerabilities
	startswith(state, "Vulnerable")
]

live := {"verdict": "fail", "reason": "vulnerable", "params": {"found": open}, "evidence": {"open": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "mitigated", "evidence": {"states": input.kernel.cpu_vulnerabilities}} if {
	count(input.kernel.cpu_vulnerabilities) > 0
}
