# METADATA
# title: No software from the official list of forbidden software
# description: >-
#   Ukrainian bodies must not use software and equipment that stand on the official list. The list is not part of this
#   baseline: it is imported as a signed file and matched on the host by package, maker, source, file, program, service and
#   machine, or its names are given to this control as a parameter. Without a list nothing is measured. A match is a legal
#   duty to replace, whatever the technical risk: it stands beside the score, not in it.
# custom:
#   uk:
#     title: Немає програмного забезпечення з офіційного переліку забороненого
#     rationale: >-
#       Українським органам заборонено використовувати програмне забезпечення й обладнання з офіційного переліку.
#       Перелік не входить до цього базового рівня: його імпортують як підписаний файл і звіряють на вузлі за пакетом,
#       виробником, джерелом, файлом, програмою, службою та обладнанням, або передають назви цій вимозі параметром. Без
#       переліку нічого не вимірюється. Збіг означає правовий обов'язок заміни незалежно від технічного ризику: він стоїть
#       поруч з оцінкою, а не в ній.
#   severity: high
#   severity_reason:
#     en: It is forbidden by law; the date to replace it does not depend on technical risk.
#     uk: Це заборонено законом; строк заміни не залежить від технічного ризику.
#   capability: software_origin
#   halves: [persisted, live]
#   facts: [forbidden_software, packages, processes]
#   aliases: []
#   baselines: [essential, server, workstation]
#   params:
#     - name: forbidden
#       default: []
#       meaning:
#         en: names of packages and programs from the imported list, in lower case; an asterisk stands for any text
#         uk: назви пакетів і програм з імпортованого переліку, малими літерами; зірочка означає будь-який текст
#   mappings:
#     csf2: [GV.SC-07, ID.AM-02]
#     cis8: ["2.3", "2.5"]
#     nist80053: [CM-10, SR-3]
#     iso27001: [A.5.31, A.5.19]
#   remedy:
#     en: >-
#       Plan the replacement: licence, migration of the data, training. Record the decision and its date; removing the
#       program before its data have moved loses them.
#     uk: >-
#       Сплануйте заміну: ліцензія, перенесення даних, навчання. Зафіксуйте рішення та його дату; вилучення програми
#       до перенесення даних призведе до їх утрати.
#   reasons:
#     found:
#       en: "On the list: {names}."
#       uk: "У переліку: {names}."
#     clean:
#       en: "Nothing here stands on the imported list ({entries} names)."
#       uk: "Нічого з імпортованого переліку тут немає (назв у переліку: {entries})."
package baseline.software_origin.no_forbidden_software

forbidden := data.params.software_origin.no_forbidden_software.forbidden

listed(names) := sort({name |
	some name in names
	some pattern in forbidden
	glob.match(lower(pattern), [], lower(name))
})

# By the imported list, where one was given: it recognises more than names.
match := input.forbidden_software

by_list(found) := {
	"verdict": "fail", "reason": "found",
	"params": {"names": sort({f.name | some f in found})},
	"evidence": {"matches": [object.union(f, {"list": match.source, "as_of": match.as_of}) | some f in found]},
} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "clean", "params": {"entries": match.entries}}

persisted := by_list([f | some f in match.found; object.get(f, "live", false) == false]) if match.persisted

else := by_name([p.name | some p in input.packages.installed]) if {
	not match
	count(forbidden) > 0
	is_array(input.packages.installed)
}

live := by_list([f | some f in match.found; f.live == true]) if match.live

else := by_name(input.processes.names) if {
	not match
	count(forbidden) > 0
	is_array(input.processes.names)
}

# By names alone, as parameters.
by_name(names) := {"verdict": "fail", "reason": "found", "params": {"names": listed(names)}, "evidence": {"names": listed(names)}} if {
	count(listed(names)) > 0
} else := {"verdict": "pass", "reason": "clean", "params": {"entries": count(forbidden)}}
