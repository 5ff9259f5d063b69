# METADATA
# title: The router checks the signatures of package lists
# description: >-
#   With check_signature off, whoever stands on the path can put programs onto the router.
# custom:
#   uk:
#     title: Маршрутизатор перевіряє підписи переліків пакетів
#     rationale: >-
#       Якщо check_signature вимкнено, будь-хто на шляху може підкласти програми на маршрутизатор.
#   severity: high
#   severity_reason:
#     en: It lets someone on the path install software as root.
#     uk: Це дає змогу тому, хто на шляху, встановлювати програми з правами root.
#   capability: software_origin
#   halves: [persisted]
#   facts: [openwrt]
#   aliases: [SYS-07]
#   baselines: [appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.PS-02, ID.RA-09]
#     cis8: ["2.3"]
#     nist80053: [CM-14, SI-7]
#     iso27001: [A.8.19]
#   remedy:
#     en: >-
#       Put the line "option check_signature" back into /etc/opkg.conf.
#     uk: >-
#       Поверніть рядок «option check_signature» до /etc/opkg.conf.
#   remedy_commands:
#     openwrt: |-
#       grep -q '^option check_signature' /etc/opkg.conf || echo 'option check_signature' >> /etc/opkg.conf
#   reasons:
#     off:
#       en: "Signatures are not checked."
#       uk: "Підписи не перевіряються."
#     on:
#       en: "Signatures are checked."
#       uk: "Підписи перевіряються."
package baseline.appliance.package_signatures

applies := false if {
	input.families.openwrt.state == "not_applicable"
} else if {
	input.openwrt
}

persisted := {"verdict": "fail", "reason": "off"} if {
	input.openwrt.check_signature == false
} else := {"verdict": "pass", "reason": "on"} if {
	input.openwrt.check_signature == true
}
