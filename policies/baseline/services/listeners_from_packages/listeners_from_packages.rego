# METADATA
# title: What answers the network came from a package
# description: >-
#   A program that listens and belongs to no package gets no updates, and nobody can say where it came from. Programs
#   that the institution installed on purpose are named in the parameter.
# custom:
#   uk:
#     title: Те, що відповідає в мережі, встановлено з пакета
#     rationale: >-
#       Програма, що слухає мережу й не належить жодному пакету, не отримує оновлень, і ніхто не скаже, звідки вона.
#       Програми, які установа встановила свідомо, називають у параметрі.
#   severity: medium
#   severity_reason:
#     en: Mostly forgotten software, sometimes an intruder's.
#     uk: Здебільшого це забуті програми, інколи програми зловмисника.
#   capability: inventory
#   halves: [live]
#   facts: [sockets]
#   aliases: [NET-05, NET-03]
#   baselines: [server]
#   params:
#     - name: allowed
#       default: []
#       meaning:
#         en: paths of programs that are meant to listen; an asterisk stands for any text
#         uk: шляхи програм, яким дозволено слухати мережу; зірочка означає будь-який текст
#   mappings:
#     csf2: [PR.PS-05, ID.AM-02]
#     cis8: ["2.3", "4.8"]
#     nist80053: [CM-7, CM-8]
#     iso27001: [A.8.19]
#   remedy:
#     en: >-
#       Find out what each program is. Install it from a package where there is one, remove it where it is not needed,
#       else name it in the parameter and keep it updated by hand.
#     uk: >-
#       З'ясуйте, що це за програми. Якщо є пакет, установіть з нього; непотрібне вилучіть; інше назвіть у параметрі й
#       оновлюйте власноруч.
#   reasons:
#     unknown:
#       en: "No package brought {names}."
#       uk: "Жоден пакет не містить {names}."
#     known:
#       en: "Everything that answers the network came from a package."
#       uk: "Усе, що відповідає в мережі, встановлено з пакетів."
package baseline.services.listeners_from_packages

outside := [l | some l in input.sockets.listeners; l.exposure != "loopback"; l.exe]

unknown := {said(l) |
	some l in outside
	l.package_known == true
	object.get(l, "package", "") == ""
	not allowed(l.exe)
	not allowed(object.get(l, "script", ""))
}

# an interpreter comes from a package always; what counts is the script it runs
said(l) := sprintf("%s (%s)", [l.exe, l.script]) if {
	startswith(l.script, "/")
} else := sprintf("%s (%d)", [l.exe, l.port]) if {
	l.script
} else := l.exe

allowed(exe) if {
	some pattern in data.params.services.listeners_from_packages.allowed
	glob.match(pattern, [], exe)
}

# the agent itself comes by its own installer
allowed("/usr/bin/vymir-agent")

live := {"verdict": "fail", "reason": "unknown", "params": {"names": sort(unknown)}, "evidence": {"programs": sort(unknown)}} if {
	count(unknown) > 0
} else := {"verdict": "pass", "reason": "known"} if {
	is_array(input.sockets.listeners)
	every l in input.sockets.listeners {
		decided(l)
	}
}

decided(l) if l.exposure == "loopback"

decided(l) if l.package_known == true

decided(l) if allowed(l.exe)
