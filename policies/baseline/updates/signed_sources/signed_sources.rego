# METADATA
# title: Every package source is checked by signature
# description: >-
#   With the check switched off ([trusted=yes], gpgcheck=0), whoever stands on the path can put programs onto the
#   host.
# custom:
#   uk:
#     title: Підпис кожного джерела пакетів перевіряється
#     rationale: >-
#       Якщо перевірку вимкнено ([trusted=yes], gpgcheck=0), будь-хто на шляху може підкласти програми на вузол.
#   severity: high
#   severity_reason:
#     en: It lets someone on the path install software as root.
#     uk: Це дає змогу тому, хто на шляху, встановлювати програми з правами root.
#   capability: software_origin
#   halves: [persisted]
#   facts: [packages]
#   aliases: [SYS-07]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.PS-02, ID.RA-09]
#     cis8: ["2.3"]
#     nist80053: [CM-14, SI-7]
#     iso27001: [A.8.19]
#   remedy:
#     en: >-
#       Remove [trusted=yes] or gpgcheck=0 and install the source's key instead (Signed-By in apt, gpgkey in dnf).
#     uk: >-
#       Приберіть [trusted=yes] або gpgcheck=0 і натомість установіть ключ джерела (Signed-By в apt, gpgkey у dnf).
#   reasons:
#     unchecked:
#       en: "Not checked: {uris}."
#       uk: "Без перевірки: {uris}."
#     checked:
#       en: "Every enabled source is checked."
#       uk: "Кожне ввімкнене джерело перевіряється."
package baseline.updates.signed_sources

unchecked := [s.uri | some s in input.packages.sources; s.enabled; s.trusted]

persisted := {
	"verdict": "fail",
	"reason": "unchecked",
	"params": {"uris": unchecked},
	"evidence": {"sources": unchecked},
} if {
	count(unchecked) > 0
} else := {"verdict": "pass", "reason": "checked"} if {
	count(input.packages.sources) > 0
}
