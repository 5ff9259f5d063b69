# METADATA
# title: No program keeps crashing
# description: >-
#   The kernel counted processes that died of a fault: a bad memory access, an illegal instruction, an aborted run.
#   A service that does so again and again is broken, short of something, or under attack by somebody who tries an
#   exploit until it fits.
# custom:
#   uk:
#     title: Жодна програма не завершується аварійно раз за разом
#     rationale: >-
#       Ядро порахувало процеси, що завершилися через помилку: хибне звернення до пам'яті, неприпустиму команду,
#       аварійну зупинку. Служба, з якою це стається знову й знову, несправна, потребує ресурсів або її атакують,
#       добираючи експлойт.
#   severity: medium
#   severity_reason:
#     en: It interrupts the service, and may be an attack in progress.
#     uk: Це перериває роботу служби й може бути ознакою атаки.
#   capability: monitoring
#   halves: [live]
#   facts: [runtime]
#   aliases: [LOG-06]
#   baselines: [server, appliance]
#   params:
#     - name: most
#       default: 5
#       meaning:
#         en: crashes from which on a program is named
#         uk: кількість аварійних завершень, від якої програму буде названо
#     - name: days
#       default: 7
#       meaning:
#         en: days without a crash after which the matter counts as mended
#         uk: кількість днів без аварій, після якої проблему вважають усуненою
#   mappings:
#     csf2: [DE.CM-09, DE.AE-02]
#     cis8: ["8.8", "13.1"]
#     nist80053: [SI-4, SI-16]
#     iso27001: [A.8.16]
#   remedy:
#     en: >-
#       Look into the log of the named program around these times. Update it. If it listens to the network, look at
#       who connected shortly before.
#     uk: >-
#       Перегляньте журнал названої програми за цей час. Оновіть її. Якщо вона доступна з мережі, з'ясуйте, хто
#       з'єднувався з нею незадовго до того.
#   reasons:
#     seen:
#       en: "Crashed {most} times or more: {names}."
#       uk: "Аварійно завершилися {most} разів або більше: {names}."
#     none:
#       en: "No program crashed {most} times or more."
#       uk: "Жодна програма не завершувалася аварійно {most} разів або більше."
package baseline.runtime.no_crashing_programs

import data.lib.probes

most := data.params.runtime.no_crashing_programs.most

days := data.params.runtime.no_crashing_programs.days

# killed by force is no crash: containers and time limits end that way
crashes[program] := sum([c.count | some c in input.runtime.crashes; c.program == program; c.signal != 9]) if {
	some crash in input.runtime.crashes
	crash.signal != 9
	probes.recent(crash.last_seen, days)
	program := crash.program
}

found := {program: n | some program, n in crashes; n >= most}

live := {
	"verdict": "fail", "reason": "seen",
	"params": {"names": [sprintf("%s (%d)", [program, n]) | some program, n in found], "most": most},
	"evidence": {"crashes": found},
} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none", "params": {"most": most}} if {
	probes.whole("exit", input.runtime.crashes)
}
