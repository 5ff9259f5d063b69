# METADATA
# title: Whoever logs in is a person with a name
# description: >-
#   An account logged in for which nobody is named: its comment field is empty, or says no more than the name of
#   the account. What was done with it cannot be held against anybody. Shared accounts such as root count too,
#   where people log in to them directly.
# custom:
#   uk:
#     title: Кожен, хто входить, - людина з іменем
#     rationale: >-
#       Був вхід до облікового запису, для якого не вказано людини: поле коментаря порожнє або лише повторює назву
#       запису. За зроблене від його імені ні з кого не спитаєш. Спільні записи, як-от root, теж враховано, якщо
#       люди входять у них безпосередньо.
#   severity: low
#   severity_reason:
#     en: It hides who did what.
#     uk: Це приховує, хто що зробив.
#   capability: identity
#   halves: [live]
#   facts: [runtime, accounts]
#   aliases: [ACC-10]
#   baselines: [server, workstation]
#   params:
#     - name: owned
#       default: []
#       meaning:
#         en: accounts whose owner is on record elsewhere
#         uk: облікові записи, власника яких зазначено деінде
#   mappings:
#     csf2: [PR.AA-01, GV.RR-02]
#     cis8: ["5.1", "6.2"]
#     nist80053: [AC-2, IA-2]
#     iso27001: [A.5.16, A.5.18]
#   remedy:
#     en: >-
#       Give every person an account of their own, write the name into its comment with usermod -c NAME ACCOUNT,
#       and let people become root by sudo. Accounts whose owner is on record elsewhere go into the parameter.
#     uk: >-
#       Дайте кожній людині власний обліковий запис, внесіть її ім'я до коментаря командою usermod -c ІМ'Я ЗАПИС, а
#       права root надавайте через sudo. Записи, власника яких зазначено деінде, внесіть до параметра.
#   reasons:
#     nobody:
#       en: "Logged in without an owner: {users}."
#       uk: "Входили без власника: {users}."
#     owned:
#       en: "Every account that logged in has an owner."
#       uk: "Кожен запис, у який входили, має власника."
package baseline.runtime.logins_have_owner

import data.lib.probes

came := {l.user | some l in input.runtime.logins; l.count > 0}

nobody := {user.name |
	some user in input.accounts.users
	user.name in came
	not owned(user)
	not user.name in data.params.runtime.logins_have_owner.owned
}

# the first of the comma-separated fields is the person
owned(user) if {
	person := trim_space(split(object.get(user, "gecos", ""), ",")[0])
	person != ""
	lower(person) != lower(user.name)
}

live := {"verdict": "fail", "reason": "nobody", "params": {"users": sort(nobody)}, "evidence": {"users": sort(nobody)}} if {
	count(nobody) > 0
} else := {"verdict": "pass", "reason": "owned"} if {
	probes.whole("login", input.runtime.logins)
	count(input.accounts.users) > 0
}
