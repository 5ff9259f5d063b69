# METADATA
# title: The probes miss next to nothing
# description: >-
#   The probes count what they could not keep. Fewer than one in a hundred events may be lost, and none of the
#   hooks that are attached may be silent: what the other controls of this family say rests on it.
# custom:
#   uk:
#     title: Зонди майже нічого не пропускають
#     rationale: >-
#       Зонди рахують те, чого не змогли зберегти. Втрачати можна щонайбільше одну подію зі ста, і жоден
#       під'єднаний зонд не має мовчати: на цьому тримається все, що кажуть інші вимоги цієї родини.
#   severity: low
#   severity_reason:
#     en: What is missed may be just what matters.
#     uk: Пропущеним може виявитися саме важливе.
#   capability: monitoring
#   halves: [live]
#   facts: [runtime]
#   aliases: [LOG-06]
#   baselines: [server]
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["8.8", "8.3"]
#     nist80053: [AU-5, SI-4]
#     iso27001: [A.8.15, A.8.16]
#   remedy:
#     en: >-
#       Run vymir-agent doctor: it names the hook and the cause. A full map is made larger by max_entries in the
#       agent's configuration.
#     uk: >-
#       Виконайте vymir-agent doctor: він назве зонд і причину. Заповнену таблицю збільшує max_entries у
#       налаштуваннях агента.
#   reasons:
#     lossy:
#       en: "Incomplete: {names}."
#       uk: "Неповні: {names}."
#     whole:
#       en: "All attached probes work and lose less than 1 %."
#       uk: "Усі під'єднані зонди працюють і втрачають менше 1 %."
package baseline.runtime.testimony_whole

bad := [sprintf("%s: %s", [hook.event, why]) |
	some hook in input.runtime.hooks
	why := fault(hook)
]

fault(hook) := "silent" if {
	hook.state == "silent"
} else := sprintf("%d/%d", [hook.lost, hook.events]) if {
	hook.lost > 0
	hook.lost * 100 > hook.events
}

live := {"verdict": "fail", "reason": "lossy", "params": {"names": bad}, "evidence": {"hooks": input.runtime.hooks}} if {
	count(bad) > 0
} else := {"verdict": "pass", "reason": "whole"} if {
	some hook in input.runtime.hooks
	hook.state == "proven"
}
