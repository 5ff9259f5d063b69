# METADATA
# title: No service account made a namespace of users
# description: >-
#   A program of a service account (a user below 1000 that is not root) made a namespace of users, in which it has all
#   capabilities. Services have no use for that; whoever broke into one does: most flaws of the kernel of recent years are
#   reached that way. People's browsers and containers, which do the same, run as other users.
# custom:
#   uk:
#     title: Службові облікові записи не створювали просторів імен користувачів
#     rationale: >-
#       Програма службового облікового запису (користувач із номером до 1000, але не root) створила простір імен
#       користувачів, де має всі можливості (capabilities). Службам це не потрібно, а от тому, хто зламав службу, -
#       так: саме цим шляхом дістаються більшості вразливостей ядра останніх років. Браузери й контейнери роблять те
#       саме, але від імені інших користувачів.
#   severity: high
#   severity_reason:
#     en: It is the usual first step from a service to the kernel.
#     uk: Це звичний перший крок від служби до ядра.
#   capability: malware
#   halves: [live]
#   facts: [runtime]
#   aliases: [PRV-07]
#   baselines: [server]
#   params:
#     - name: approved
#       default: [bwrap, glycin*, flatpak*, podman, buildah, rootlesskit, systemd*, "(sd-*"]
#       meaning:
#         en: command names of programs that isolate themselves that way; * stands for anything
#         uk: назви команд, які в такий спосіб ізолюють себе; * замінює будь-що
#   mappings:
#     csf2: [DE.CM-09, PR.PS-05]
#     cis8: ["4.8", "8.8"]
#     nist80053: [SI-4, CM-7, AC-6]
#     iso27001: [A.8.2, A.8.16]
#   remedy:
#     en: >-
#       Find out what the service runs; when nobody can explain it, treat it as an incident. Where no one needs namespaces
#       of users, set user.max_user_namespaces to 0, or give the unit RestrictNamespaces=user. Programs that isolate
#       themselves that way go into the parameter.
#     uk: >-
#       З'ясуйте, що виконує служба; якщо пояснити не може ніхто, вважайте це інцидентом. Де простори імен користувачів
#       не потрібні, встановіть user.max_user_namespaces у 0 або додайте до служби RestrictNamespaces=user. Програми, які
#       в такий спосіб ізолюють себе, внесіть до параметра.
#   reasons:
#     seen:
#       en: "Namespaces of users made by: {names}."
#       uk: "Простори імен користувачів створили: {names}."
#     none:
#       en: "No service account made one."
#       uk: "Службові записи їх не створювали."
package baseline.runtime.no_user_namespaces_by_services

import data.lib.probes

found := [a |
	some a in input.runtime.acts
	a.kind == "namespace"
	a.uid > 0
	a.uid < 1000
	"user" in split(a.detail, " ")
	not probes.named(a.program, data.params.runtime.no_user_namespaces_by_services.approved)
]

names := {sprintf("%s (%d)", [a.program, a.uid]) | some a in found}

# seen by the capability it asks for, a namespace of users alone is not noticed
sees if {
	some hook in input.runtime.hooks
	hook.event == "namespace"
	hook.state == "proven"
	hook.kind == "fentry"
}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"acts": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	sees
	probes.whole("namespace", object.get(input.runtime, "acts", []))
}
