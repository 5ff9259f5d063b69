# METADATA
# title: Program starts are recorded
# description: >-
#   Someone has to see what runs. Either the agent's own probe has shown by a canary that it works, or the kernel's
#   audit system has rules loaded.
# custom:
#   uk:
#     title: Запуски програм фіксуються
#     rationale: >-
#       Хтось має бачити, що запускається. Або власний зонд агента довів контрольною подією, що працює, або в
#       підсистемі аудиту ядра завантажено правила.
#   severity: low
#   severity_reason:
#     en: Without it only traces on the disk are left to find.
#     uk: Без цього лишаються тільки сліди на диску.
#   capability: monitoring
#   halves: [live]
#   facts: [runtime, audit]
#   aliases: [LOG-06]
#   baselines: [server]
#   mappings:
#     csf2: [DE.CM-09, DE.CM-03]
#     cis8: ["8.8"]
#     nist80053: [AU-12, SI-4]
#     iso27001: [A.8.15, A.8.16]
#   remedy:
#     en: >-
#       Run the agent as root on a kernel with BPF, or install auditd with a rule for execve.
#     uk: >-
#       Запускайте агента від root на ядрі з BPF або встановіть auditd із правилом для execve.
#   reasons:
#     probe:
#       en: "The probe sees programs start ({kind})."
#       uk: "Зонд бачить запуски програм ({kind})."
#     audit:
#       en: "The kernel audits by {rules} rules."
#       uk: "Ядро веде аудит, правил: {rules}."
#     nobody:
#       en: "Nobody records program starts."
#       uk: "Запуски програм ніхто не фіксує."
package baseline.runtime.execution_recorded

hook := [h | some h in input.runtime.hooks; h.event == "exec"]

proven := [h | some h in hook; h.state == "proven"]

live := {"verdict": "pass", "reason": "probe", "params": {"kind": proven[0].kind}} if {
	count(proven) > 0
} else := {"verdict": "pass", "reason": "audit", "params": {"rules": input.audit.rules_loaded}} if {
	input.audit.enabled >= 1
	input.audit.rules_loaded > 0
} else := {"verdict": "fail", "reason": "nobody"} if {
	count(hook) > 0
	not_audited
}

not_audited if input.audit.enabled == 0

not_audited if input.audit.rules_loaded == 0
