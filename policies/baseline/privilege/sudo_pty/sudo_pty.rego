# METADATA
# title: Commands run by sudo have a terminal of their own
# description: >-
#   Without a terminal of its own, a program that sudo started can stay behind after the administrator has gone
#   and type into his session. Defaults use_pty gives each command its own; it is built in from sudo 1.9.14 on.
# custom:
#   uk:
#     title: Команди, запущені через sudo, мають власний термінал
#     rationale: >-
#       Без власного термінала програма, запущена через sudo, може лишитися після завершення роботи
#       адміністратора й вводити команди в його сеанс. Defaults use_pty надає кожній команді власний термінал;
#       починаючи із sudo 1.9.14 так налаштовано від початку.
#   severity: low
#   severity_reason:
#     en: "It needs a hostile program that the administrator runs."
#     uk: "Для цього адміністратор має запустити ворожу програму."
#   capability: hardening
#   halves: [persisted]
#   facts: [sudo, packages]
#   aliases: []
#   baselines: [server, workstation]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["5.4"]
#     nist80053: [AC-6]
#     iso27001: [A.8.18]
#   remedy:
#     en: >-
#       Add the line Defaults use_pty with visudo.
#     uk: >-
#       За допомогою visudo додайте рядок Defaults use_pty.
#   remedy_commands:
#     debian: |-
#       echo 'Defaults use_pty' > /etc/sudoers.d/vymir-pty && chmod 440 /etc/sudoers.d/vymir-pty && visudo -c
#     rhel: |-
#       echo 'Defaults use_pty' > /etc/sudoers.d/vymir-pty && chmod 440 /etc/sudoers.d/vymir-pty && visudo -c
#   reasons:
#     shared:
#       en: "sudo lets commands share the terminal ({where})."
#       uk: "sudo дає командам спільний термінал ({where})."
#     own:
#       en: "Commands get a terminal of their own ({where})."
#       uk: "Команди отримують власний термінал ({where})."
package baseline.privilege.sudo_pty

applies := input.sudo.installed

given := [d |
	some d in input.sudo.defaults
	d.name == "use_pty"
	object.get(d, "scope", "") == ""
]

version := split(p.version, "-")[0] if {
	some p in input.packages.installed
	p.name == "sudo"
}

persisted := answer(object.get(last, "negated", false), last.file) if {
	last := given[count(given) - 1]
} else := answer(semver.compare(padded, "1.9.14") < 0, sprintf("sudo %s", [version])) if {
	input.sudo.rules
	padded := regex.find_n(`^\d+\.\d+\.\d+`, version, 1)[0]
}

answer(false, where) := {"verdict": "pass", "reason": "own", "params": {"where": where}, "evidence": {"where": where}}

answer(true, where) := {"verdict": "fail", "reason": "shared", "params": {"where": where}, "evidence": {"where": where}}
