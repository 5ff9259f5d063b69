# METADATA
# title: Repeated wrong passwords lock an account for a while
# description: >-
#   Without a lock-out a password can be tried without end. pam_faillock must stand in the authentication stack and
#   lock after a bounded number of failures. A lock-out needs an unlock time, or else anyone can shut others out.
# custom:
#   uk:
#     title: Після кількох хибних паролів обліковий запис тимчасово блокується
#     rationale: >-
#       Без блокування пароль можна добирати без кінця. У стеку автентифікації має стояти pam_faillock, що блокує
#       після обмеженої кількості невдач. Блокування має бути тимчасовим, інакше будь-хто зможе позбавляти інших
#       доступу.
#   severity: medium
#   severity_reason:
#     en: It slows guessing down; it does not replace good passwords.
#     uk: Це сповільнює підбір, але не замінює надійних паролів.
#   capability: identity
#   halves: [persisted]
#   facts: [pam]
#   aliases: [ACC-09]
#   baselines: [server, workstation]
#   applicability: true
#   params:
#     - name: max_failures
#       default: 10
#       meaning:
#         en: most wrong passwords before the lock
#         uk: найбільша кількість хибних паролів до блокування
#   mappings:
#     csf2: [PR.AA-01, PR.AA-03]
#     cis8: ["4.10", "5.2"]
#     nist80053: [AC-7]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Switch pam_faillock on (RHEL: authselect enable-feature with-faillock; Debian: pam-auth-update after adding
#       its profile) and set deny and unlock_time in /etc/security/faillock.conf. Keep a root session open while you
#       test.
#     uk: >-
#       Увімкніть pam_faillock (RHEL: authselect enable-feature with-faillock; Debian: pam-auth-update після додавання
#       профілю) і задайте deny та unlock_time у /etc/security/faillock.conf. Під час перевірки тримайте відкритим
#       сеанс root.
#   remedy_commands:
#     rhel: |-
#       authselect enable-feature with-faillock
#       printf 'deny = 5\nunlock_time = 900\n' >> /etc/security/faillock.conf
#   reasons:
#     none:
#       en: "Nothing locks an account after wrong passwords."
#       uk: "Ніщо не блокує обліковий запис після хибних паролів."
#     late:
#       en: "An account is locked only after {seen} wrong passwords; at most {wanted} are wanted."
#       uk: "Обліковий запис блокується лише після {seen} хибних паролів; потрібно не більше ніж {wanted}."
#     locks:
#       en: "An account is locked after {seen} wrong passwords."
#       uk: "Обліковий запис блокується після {seen} хибних паролів."
package baseline.authentication.lockout

applies := false if {
	input.families.pam.state == "not_applicable"
} else if {
	input.pam.services
}

wanted := data.params.authentication.lockout.max_failures

stack := [rule |
	some name in ["login", "sshd", "common-auth", "system-auth", "password-auth"]
	some rule in input.pam.services[name]
	rule.type == "auth"
]

present if {
	some rule in stack
	rule.module in {"pam_faillock.so", "pam_tally2.so"}
}

# pam_faillock's own default where neither its file nor its arguments say
failures := to_number(object.get(input.pam, ["faillock", "deny"], "3"))

late if failures > wanted

late if failures == 0

persisted := {"verdict": "fail", "reason": "none"} if {
	count(stack) > 0
	not present
} else := {
	"verdict": "fail",
	"reason": "late",
	"params": {"seen": failures, "wanted": wanted},
	"evidence": {"deny": failures, "wanted": wanted},
} if {
	present
	late
} else := {"verdict": "pass", "reason": "locks", "params": {"seen": failures}} if {
	present
	failures > 0
}
