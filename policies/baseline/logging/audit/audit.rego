# METADATA
# title: The kernel audits, with rules loaded
# description: >-
#   The audit system records who changed accounts, time, modules and privileges. Rules on disk that no daemon loaded
#   audit nothing, so the live half asks the kernel itself.
# custom:
#   uk:
#     title: Аудит ядра працює, правила завантажено
#     rationale: >-
#       Підсистема аудиту записує, хто змінював облікові записи, час, модулі та повноваження. Правила на диску, які не
#       завантажила жодна служба, нічого не фіксують, тому про поточний стан запитано саме ядро.
#   severity: medium
#   severity_reason:
#     en: It is the record an investigation starts from.
#     uk: Саме з цього запису починається розслідування.
#   capability: monitoring
#   halves: [persisted, live]
#   facts: [audit]
#   aliases: [LOG-01]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-04, DE.CM-03]
#     cis8: ["8.2", "8.5"]
#     nist80053: [AU-2, AU-12]
#     iso27001: [A.8.15]
#   remedy:
#     en: >-
#       Install auditd, put rules into /etc/audit/rules.d and load them. Broad rules cost time on busy servers: start
#       with the ones for accounts, sudoers and modules.
#     uk: >-
#       Установіть auditd, покладіть правила до /etc/audit/rules.d і завантажте їх. Широкі правила сповільнюють
#       навантажені сервери: почніть із правил для облікових записів, sudoers і модулів.
#   remedy_commands:
#     debian: |-
#       apt-get install auditd
#       cp /usr/share/doc/auditd/examples/rules/30-stig.rules /etc/audit/rules.d/ 2>/dev/null || true
#       augenrules --load
#     rhel: |-
#       dnf install audit
#       systemctl enable --now auditd
#       augenrules --load
#   reasons:
#     no_daemon:
#       en: "The audit daemon is not installed or does not start at boot."
#       uk: "Службу аудиту не встановлено або вона не запускається під час завантаження."
#     no_rules:
#       en: "No audit rules are configured."
#       uk: "Правила аудиту не налаштовано."
#     configured:
#       en: "The audit daemon starts at boot with {count} rule lines."
#       uk: "Служба аудиту запускається під час завантаження, рядків правил: {count}."
#     off:
#       en: "The kernel does not audit now (enabled {enabled}, rules {rules})."
#       uk: "Ядро зараз не веде аудит (увімкнено: {enabled}, правил: {rules})."
#     auditing:
#       en: "The kernel audits by {rules} rules."
#       uk: "Ядро веде аудит, правил: {rules}."
package baseline.logging.audit

applies := false if {
	input.families.audit.state == "not_applicable"
} else if {
	input.audit
}

persisted := {"verdict": "fail", "reason": "no_daemon"} if {
	input.audit.installed == false
} else := {"verdict": "fail", "reason": "no_daemon"} if {
	input.audit.daemon_enabled == false
} else := {"verdict": "fail", "reason": "no_rules"} if {
	input.audit.rules_configured == []
} else := {"verdict": "pass", "reason": "configured", "params": {"count": count(input.audit.rules_configured)}} if {
	input.audit.daemon_enabled == true
	count(input.audit.rules_configured) > 0
}

live := {
	"verdict": "fail",
	"reason": "off",
	"params": {"enabled": input.audit.enabled, "rules": object.get(input.audit, "rules_loaded", 0)},
} if {
	off
} else := {"verdict": "pass", "reason": "auditing", "params": {"rules": input.audit.rules_loaded}} if {
	input.audit.enabled >= 1
	input.audit.rules_loaded > 0
}

off if input.audit.enabled == 0

off if {
	input.audit.enabled >= 1
	input.audit.rules_loaded == 0
}
