# METADATA
# title: No library is forced into every program
# description: >-
#   A line in /etc/ld.so.preload, or LD_PRELOAD in the environment of a service, puts foreign code into programs.
#   Rootkits use it; hardly anything else on a server does.
# custom:
#   uk:
#     title: Жодну бібліотеку не нав'язано всім програмам
#     rationale: >-
#       Рядок у /etc/ld.so.preload або LD_PRELOAD у середовищі служби вставляє чужий код у програми. Цим користуються
#       руткіти й майже ніщо інше на сервері.
#   severity: high
#   severity_reason:
#     en: It is a classic hiding place of rootkits.
#     uk: Це класична схованка руткітів.
#   capability: malware
#   halves: [persisted, live]
#   facts: [integrity, processes]
#   aliases: [INT-03]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [DE.CM-09]
#     cis8: ["2.6", "10.5"]
#     nist80053: [SI-3, SI-7]
#     iso27001: [A.8.7]
#   remedy:
#     en: >-
#       Find out which package or person put the library there. If nobody knows, keep the file as evidence and treat
#       the host as broken into.
#     uk: >-
#       З'ясуйте, який пакет або хто додав бібліотеку. Якщо ніхто не знає, збережіть файл як доказ і вважайте вузол
#       зламаним.
#   reasons:
#     file:
#       en: "/etc/ld.so.preload names {names}."
#       uk: "У /etc/ld.so.preload зазначено {names}."
#     environment:
#       en: "LD_PRELOAD is set for {names}."
#       uk: "LD_PRELOAD задано для {names}."
#     none:
#       en: "No library is forced into programs."
#       uk: "Жодну бібліотеку програмам не нав'язано."
package baseline.integrity.no_preload

persisted := {"verdict": "fail", "reason": "file", "params": {"names": lines}, "evidence": {"ld_preload": lines}} if {
	count(lines) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	lines == []
}

lines := input.integrity.ld_preload

live := {"verdict": "fail", "reason": "environment", "params": {"names": sort(names)}, "evidence": {"processes": found}} if {
	count(found) > 0
} else := {"verdict": "pass", "reason": "none"} if {
	found == []
}

found := input.processes.ld_preload

names := {p.name | some p in found}
