# METADATA
# title: No network service changes the files that decide who may do what
# description: >-
#   The kernel saw a program that answers the network, or one that fetches files from it, write or replace
#   accounts, sudo rules, SSH keys, scheduled jobs or unit files. A service has no business there; whoever broke
#   into it does.
# custom:
#   uk:
#     title: Жодна мережева служба не змінює файлів, що визначають права
#     rationale: >-
#       Ядро зафіксувало, як програма, що відповідає в мережі, або та, що завантажує з неї файли, змінила облікові
#       записи, правила sudo, ключі SSH, розклад завдань чи файли служб. Службі там робити нічого, а от
#       зловмиснику, що її зламав, - є що.
#   severity: high
#   severity_reason:
#     en: This is how a break-in is made to last.
#     uk: Саме так зловмисник закріплюється на вузлі.
#   capability: malware
#   halves: [live]
#   facts: [runtime, sockets]
#   aliases: [INT-04]
#   baselines: [essential, server, workstation, appliance]
#   params:
#     - name: approved
#       default: [systemd, systemd-*, init, procd, cockpit*, snapd, rpcbind, vymir-agent]
#       meaning:
#         en: command names of programs that may do so; * stands for anything
#         uk: назви програм, яким це дозволено; * замінює будь-що
#   mappings:
#     csf2: [DE.CM-09, PR.PS-01]
#     cis8: ["3.3", "8.8"]
#     nist80053: [SI-4, SI-7, AC-6]
#     iso27001: [A.8.9, A.8.16]
#   remedy:
#     en: >-
#       Compare the named file with a backup. If nobody made this change, treat it as an incident. Administration
#       panels that do so on purpose go into the parameter.
#     uk: >-
#       Порівняйте названий файл із резервною копією. Якщо цієї зміни ніхто не робив, вважайте це інцидентом.
#       Панелі адміністрування, для яких це передбачено, внесіть до параметра.
#   reasons:
#     seen:
#       en: "Changed by a service: {names}."
#       uk: "Змінено службою: {names}."
#     none:
#       en: "No service changed such a file."
#       uk: "Жодна служба таких файлів не змінювала."
package baseline.runtime.no_security_files_by_services

import data.lib.probes

fetching := {"curl", "wget", "nc", "ncat", "socat", "ftp", "tftp", "aria2c"}

services := (fetching | {l.program | some l in exposed}) | {probes.base(l.exe) | some l in exposed}

exposed := [l | some l in input.sockets.listeners; l.exposure != "loopback"]

found := [e |
	some e in probes.events("sensitive_write")
	name := probes.base(e.program)
	name in services
	not probes.named(name, data.params.runtime.no_security_files_by_services.approved)
]

names := {sprintf("%s: %s", [e.program, object.get(e, "detail", "?")]) | some e in found}

live := {"verdict": "fail", "reason": "seen", "params": {"names": sort(names)}, "evidence": {"events": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	probes.whole("sensitive_write", input.runtime.events)
	is_array(input.sockets.listeners)
}
