# METADATA
# title: Only one kind of firewall rules is loaded
# description: >-
#   Rules of nftables and of the old iptables hold side by side, and each tool shows its own only; whoever reads
#   one list does not see why packets pass or vanish.
# custom:
#   uk:
#     title: Завантажено правила лише одного виду
#     rationale: >-
#       Правила nftables і старого iptables діють одночасно, а кожен засіб показує лише свої; хто читає один
#       перелік, не бачить, чому пакети проходять або зникають.
#   severity: low
#   severity_reason:
#     en: "It leads to mistakes and is no hole by itself."
#     uk: "Це призводить до помилок, але саме по собі не є дірою."
#   capability: perimeter
#   halves: [live]
#   facts: [firewall]
#   aliases: [NET-02]
#   baselines: [server, appliance]
#   mappings:
#     csf2: [PR.PS-01]
#     cis8: ["4.4"]
#     nist80053: [CM-6, SC-7]
#     iso27001: [A.8.20]
#   remedy:
#     en: >-
#       Move the rules to one of the two, and unload the other (iptables-legacy -F and its tables).
#     uk: >-
#       Перенесіть правила до одного з двох засобів, а інші вивантажте (iptables-legacy -F для його таблиць).
#   reasons:
#     mixed:
#       en: "Rules of several kinds are loaded: {found}."
#       uk: "Завантажено правила кількох видів: {found}."
#     single:
#       en: "Rules of one kind at most are loaded."
#       uk: "Завантажено правила щонайбільше одного виду."
package baseline.firewall.single_backend

live := {"verdict": "fail", "reason": "mixed", "params": {"found": input.firewall.backends}, "evidence": {"backends": input.firewall.backends}} if {
	count(input.firewall.backends) > 1
} else := {"verdict": "pass", "reason": "single", "evidence": {"backends": input.firewall.backends}} if {
	count(input.firewall.backends) <= 1
}
