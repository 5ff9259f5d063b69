# METADATA
# title: Samba speaks SMB 2 or newer and lets no guests in
# description: >-
#   SMB 1 is the protocol that spread WannaCry; Samba must not offer it. A share open to guests gives files to anyone
#   on the network. Where the file is silent, Samba's own defaults hold: SMB2_02 since 4.11, no guests.
# custom:
#   uk:
#     title: Samba використовує SMB 2 або новіший і не впускає гостей
#     rationale: >-
#       SMB 1 є протоколом, через який поширювався WannaCry; Samba не повинна його пропонувати. Ресурс, відкритий для
#       гостей, віддає файли будь-кому в мережі. Якщо у файлі нічого не сказано, діють типові значення Samba: SMB2_02,
#       починаючи з 4.11, і без гостей.
#   severity: high
#   severity_reason:
#     en: A known way in, and files without a password.
#     uk: Відомий шлях проникнення і файли без пароля.
#   capability: perimeter
#   halves: [persisted]
#   facts: [shares]
#   aliases: [SVC-01]
#   baselines: [essential, server]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05, PR.PS-01]
#     cis8: ["3.3", "4.8"]
#     nist80053: [AC-3, CM-7]
#     iso27001: [A.8.9, A.5.15]
#   remedy:
#     en: >-
#       In smb.conf remove "server min protocol" below SMB2 and "guest ok = yes", then run testparm and restart smbd.
#       Devices that speak only SMB 1 must be replaced.
#     uk: >-
#       У smb.conf приберіть «server min protocol», нижчий за SMB2, і «guest ok = yes», потім виконайте testparm і
#       перезапустіть smbd. Пристрої, що знають лише SMB 1, потрібно замінити.
#   reasons:
#     old:
#       en: "Samba still offers {seen}."
#       uk: "Samba досі пропонує {seen}."
#     guests:
#       en: "Guests may use these shares: {seen}."
#       uk: "Гостям відкрито ресурси: {seen}."
#     modern:
#       en: "Samba offers SMB 2 or newer, to known users only."
#       uk: "Samba пропонує SMB 2 або новіший лише відомим користувачам."
package baseline.services.samba_modern

applies := false if {
	input.shares
	input.families.shares.state == "ok"
	not input.shares.samba
} else if {
	input.shares.samba
}

old := {"CORE", "COREPLUS", "LANMAN1", "LANMAN2", "NT1"}

protocol := upper(input.shares.samba.global[key]) if {
	some key in ["server min protocol", "min protocol"]
	input.shares.samba.global[key]
}

yes := {"yes", "true", "1"}

guests contains name if {
	some name, share in input.shares.samba.shares
	some key in ["guest ok", "public"]
	lower(share[key]) in yes
}

persisted := {"verdict": "fail", "reason": "old", "params": {"seen": protocol}} if {
	protocol in old
} else := {"verdict": "fail", "reason": "guests", "params": {"seen": sort(guests)}} if {
	count(guests) > 0
} else := {"verdict": "pass", "reason": "modern"} if {
	input.shares.samba.global
}
