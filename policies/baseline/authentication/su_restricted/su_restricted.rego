# METADATA
# title: Only administrators may use su
# description: >-
#   su lets anyone with a shell try root's password. pam_wheel limits it to a group of administrators. Where root has
#   no password, sudo is used and su is of no use anyway; still the stack should say so.
# custom:
#   uk:
#     title: Лише адміністратори можуть користуватися su
#     rationale: >-
#       su дає змогу будь-кому, хто має оболонку, добирати пароль root. pam_wheel обмежує це групою адміністраторів.
#       Якщо root не має пароля й використовується sudo, su й так нічого не дає, проте стек має це закріпити.
#   severity: low
#   severity_reason:
#     en: It needs a local account and the root password.
#     uk: Потрібні локальний обліковий запис і пароль root.
#   capability: identity
#   halves: [persisted]
#   facts: [pam]
#   aliases: []
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-05]
#     cis8: ["5.4"]
#     nist80053: [AC-6]
#     iso27001: [A.8.2]
#   remedy:
#     en: >-
#       Add "auth required pam_wheel.so use_uid group=sudo" to /etc/pam.d/su (RHEL: the group is wheel) and check that
#       your own account is in the group.
#     uk: >-
#       Додайте «auth required pam_wheel.so use_uid group=sudo» до /etc/pam.d/su (у RHEL група wheel) і переконайтеся,
#       що ваш обліковий запис у цій групі.
#   reasons:
#     anyone:
#       en: "Everyone may use su."
#       uk: "Скористатися su може кожен."
#     limited:
#       en: "su is limited to a group."
#       uk: "Користування su обмежено групою."
package baseline.authentication.su_restricted

applies := false if {
	input.families.pam.state == "not_applicable"
} else if {
	input.pam.services
}

stack := [rule | some rule in input.pam.services.su; rule.type == "auth"]

limited if {
	some rule in stack
	rule.module == "pam_wheel.so"
	rule.control in {"required", "requisite"}
	not "trust" in object.get(rule, "args", [])
}

persisted := {"verdict": "pass", "reason": "limited"} if {
	limited
} else := {"verdict": "fail", "reason": "anyone"} if {
	count(stack) > 0
}
