# METADATA
# title: No library of a programming language waits for its fix
# description: >-
#   Programs bring libraries along that the distribution knows nothing of: Go programs, Python, npm, PHP composer and Java
#   archives. Named are those with a known weakness for which a mended version exists. An ecosystem without data says nothing,
#   and no pass rests on it.
# custom:
#   uk:
#     title: Жодна бібліотека мови програмування не чекає виправлення
#     rationale: >-
#       Програми приносять із собою бібліотеки, про які дистрибутив нічого не знає: програми на Go, пакети Python, npm, PHP
#       composer та архіви Java. Названо ті, що мають відому вразливість, для якої вже є виправлена версія. Якщо для екосистеми
#       немає даних, про неї нічого не відомо, і позитивного результату це не дає.
#   severity: high
#   severity_reason:
#     en: A library inside a program stays as it was when the system is updated, and attackers look for such.
#     uk: Бібліотека всередині програми лишається старою й після оновлення системи, і зловмисники шукають саме такі.
#   capability: patching
#   halves: [persisted]
#   facts: [languages]
#   baselines: [server, workstation]
#   params:
#     - name: max_days
#       default: 14
#       meaning:
#         en: oldest scan that a pass may rest on, in days
#         uk: найбільший вік перевірки, на якій може ґрунтуватися позитивний результат, у днях
#   mappings:
#     csf2: [ID.RA-01, PR.PS-02]
#     cis8: ["7.5", "16.4"]
#     nist80053: [RA-5, SI-2]
#     iso27001: [A.8.8]
#   remedy:
#     en: >-
#       Update the program that brings the library, or the library in it, and build it anew. Where nobody maintains the program
#       any more, replace it.
#     uk: >-
#       Оновіть програму, яка містить цю бібліотеку, або саму бібліотеку в ній і зберіть програму заново. Якщо програму вже
#       ніхто не супроводжує, замініть її.
#   reasons:
#     fixable:
#       en: "Mended versions exist for {count} of {packages} libraries: {names}."
#       uk: "Виправлені версії є для {count} з {packages} бібліотек: {names}."
#     none:
#       en: "Of {packages} libraries none waits for a fix that exists; {unfixed} have a known weakness without one."
#       uk: "З {packages} бібліотек жодна не чекає наявного виправлення; для {unfixed} відомі вразливості ще не виправлено."
package baseline.vulnerabilities.languages

fixable := [v |
	some v in input.languages.vulnerable
	count(mended(v)) > 0
]

mended(v) := [w.id | some w in v.vulnerabilities; object.get(w, "fixed", "") != ""]

label(v) := sprintf("%s %s (%s)", [v.name, v.version, v.ecosystem])

# unmeasured ecosystems hold what nobody knows of
unknown := [e.name | some e in input.languages.ecosystems; e.state != "ok"]

persisted := {
	"verdict": "fail",
	"reason": "fixable",
	"params": {
		"count": count(fixable),
		"packages": input.languages.packages,
		"names": array.slice(sort([label(v) | some v in fixable]), 0, 5),
	},
	"evidence": {"found": [e |
		some v in array.slice(fixable, 0, 25)
		e := {
			"package": label(v),
			"in": array.slice(v.locations, 0, 3),
			"weaknesses": array.slice([w | some w in v.vulnerabilities; object.get(w, "fixed", "") != ""], 0, 5),
		}
	]},
} if {
	count(fixable) > 0
} else := {
	"verdict": "pass",
	"reason": "none",
	"params": {"packages": input.languages.packages, "unfixed": count(input.languages.vulnerable)},
} if {
	count(unknown) == 0
	input.languages.packages > 0
	input.languages.age_hours <= data.params.vulnerabilities.languages.max_days * 24
	object.get(input.languages, "truncated", false) == false
	object.get(input.languages, "unread", 0) == 0
}
