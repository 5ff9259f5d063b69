# METADATA
# title: Accounts do not come from NIS
# description: >-
#   NIS hands accounts and password hashes over the network in the clear, to anybody who asks, and trusts
#   whoever answers first. A line that begins with a plus sign in passwd, or nis or compat in nsswitch.conf,
#   brings it in.
# custom:
#   uk:
#     title: Облікові записи не надходять з NIS
#     rationale: >-
#       NIS передає облікові записи й геші паролів мережею у відкритому вигляді будь-кому, хто запитає, і
#       довіряє тому, хто відповів першим. Її долучає рядок, що починається з плюса, у passwd, або слова nis чи
#       compat у nsswitch.conf.
#   severity: high
#   severity_reason:
#     en: "Whoever is on the local network can add an account of his own."
#     uk: "Будь-хто в локальній мережі може додати власний обліковий запис."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts]
#   aliases: []
#   baselines: [server, workstation]
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["4.8", "5.6"]
#     nist80053: [IA-2, CM-7]
#     iso27001: [A.5.16]
#   remedy:
#     en: >-
#       Move the accounts to a directory with encryption (LDAP over TLS, FreeIPA), then remove the plus lines
#       from passwd, shadow and group and the words nis and compat from nsswitch.conf.
#     uk: >-
#       Перенесіть облікові записи до каталогу із шифруванням (LDAP через TLS, FreeIPA), потім приберіть рядки з
#       плюсом із passwd, shadow і group та слова nis і compat із nsswitch.conf.
#   reasons:
#     nis:
#       en: "Accounts are taken from NIS."
#       uk: "Облікові записи беруться з NIS."
#     local:
#       en: "No account is taken from NIS."
#       uk: "Облікові записи не беруться з NIS."
package baseline.accounts.no_nis

persisted := {"verdict": "fail", "reason": "nis"} if {
	input.accounts.nis
} else := {"verdict": "pass", "reason": "local"} if {
	input.accounts.nis == false
}
