# METADATA
# title: The agent itself is sound and heard
# description: >-
#   Whoever can change the agent's program changes what it reports; an agent that has not reached its server for days
#   is one nobody hears. The program must belong to root and be writable by root alone, and an enrolled agent must have
#   checked in within the limit. A site whose link is down for longer has the parameter raised.
# custom:
#   uk:
#     title: Сам агент справний, і його чути
#     rationale: >-
#       Хто може змінити програму агента, той змінює його звіти; агента, який днями не з'єднувався із сервером, ніхто
#       не чує. Програма має належати root і бути доступною для запису лише йому, а зареєстрований агент має виходити
#       на зв'язок у межах заданого часу. Для майданчика з довшими перервами зв'язку збільште параметр.
#   severity: medium
#   severity_reason:
#     en: "What the assessors see of this host would be stale or forged."
#     uk: "Те, що оцінювачі бачать про цей вузол, було б застарілим або підробленим."
#   capability: monitoring
#   halves: [live]
#   facts: [agent]
#   aliases: [AGT-01]
#   baselines: [server, workstation, appliance]
#   params:
#     - name: max_days
#       default: 14
#       meaning:
#         en: "longest acceptable silence of an enrolled agent, in days"
#         uk: "найдовше прийнятне мовчання зареєстрованого агента, у днях"
#   mappings:
#     csf2: [PR.PS-01, DE.CM-09]
#     cis8: ["4.1", "8.2"]
#     nist80053: [SI-7, AU-5]
#     iso27001: [A.8.16]
#   remedy:
#     en: >-
#       Install the agent's package anew when its program has another owner or mode, and find out who changed it. When
#       it is silent, vymir-agent doctor says what stands between it and the server.
#     uk: >-
#       Якщо програма має іншого власника чи режим доступу, установіть пакет агента наново й з'ясуйте, хто це змінив.
#       Якщо агент мовчить, vymir-agent doctor покаже, що заважає зв'язку із сервером.
#   remedy_commands:
#     debian: |-
#       vymir-agent doctor
#     rhel: |-
#       vymir-agent doctor
#     alpine: |-
#       vymir-agent doctor
#     openwrt: |-
#       vymir-agent doctor
#   reasons:
#     writable:
#       en: "Others than root can change the agent's program ({file})."
#       uk: "Програму агента може змінити не лише root ({file})."
#     silent:
#       en: "The agent last reached its server on {date}."
#       uk: "Агент востаннє з'єднувався із сервером {date}."
#     sound:
#       en: "The agent's program is root's alone."
#       uk: "Програму агента може змінити лише root."
package baseline.integrity.agent_sound

import data.lib.files

program := input.agent.binary_state

age_days := (time.parse_rfc3339_ns(data.clock.now) - time.parse_rfc3339_ns(input.agent.last_check_in)) / (((24 * 60) * 60) * 1000000000)

live := {
	"verdict": "fail",
	"reason": "writable",
	"params": {"file": files.said(program)},
	"evidence": {"program": program},
} if {
	files.loose(program, "022")
} else := {
	"verdict": "fail",
	"reason": "silent",
	"params": {"date": substring(input.agent.last_check_in, 0, 10)},
	"evidence": {"last_check_in": input.agent.last_check_in},
} if {
	age_days > data.params.integrity.agent_sound.max_days
} else := {"verdict": "pass", "reason": "sound"} if {
	files.present(program)
	program.mode
}
