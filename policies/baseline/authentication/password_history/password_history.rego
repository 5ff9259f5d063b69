# METADATA
# title: Old passwords cannot be used again at once
# description: >-
#   Who must change a leaked password must not go back to it. pam_pwhistory (or remember= of pam_unix) keeps the last
#   ones.
# custom:
#   uk:
#     title: Старі паролі не можна одразу використати знову
#     rationale: >-
#       Хто змінює розкритий пароль, не повинен повертатися до нього. pam_pwhistory (або remember= у pam_unix)
#       пам'ятає останні.
#   severity: low
#   severity_reason:
#     en: It matters only after a leak.
#     uk: Це важить лише після витоку.
#   capability: identity
#   halves: [persisted]
#   facts: [pam]
#   aliases: [ACC-09]
#   baselines: [server]
#   applicability: true
#   params:
#     - name: remember
#       default: 5
#       meaning:
#         en: how many old passwords are refused
#         uk: скільки попередніх паролів відхиляти
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2"]
#     nist80053: [IA-5]
#     iso27001: [A.5.17]
#   remedy:
#     en: >-
#       Add pam_pwhistory.so to the password stack with remember=5 (RHEL: authselect enable-feature with-pwhistory).
#     uk: >-
#       Додайте pam_pwhistory.so до стека password з remember=5 (RHEL: authselect enable-feature with-pwhistory).
#   reasons:
#     none:
#       en: "Old passwords are not remembered."
#       uk: "Попередні паролі не запам'ятовуються."
#     few:
#       en: "{seen} old passwords are remembered; {wanted} are wanted."
#       uk: "Запам'ятовується попередніх паролів: {seen}; потрібно {wanted}."
#     kept:
#       en: "{seen} old passwords are remembered."
#       uk: "Запам'ятовується попередніх паролів: {seen}."
package baseline.authentication.password_history

applies := false if {
	input.families.pam.state == "not_applicable"
} else if {
	input.pam.services
}

wanted := data.params.authentication.password_history.remember

stack := [rule |
	some name in ["passwd", "common-password", "system-auth"]
	some rule in input.pam.services[name]
	rule.type == "password"
]

# 10 is pam_pwhistory's own default where neither its file nor its arguments say
remembered contains to_number(object.get(input.pam, ["pwhistory", "remember"], "10")) if {
	some rule in stack
	rule.module == "pam_pwhistory.so"
}

remembered contains to_number(trim_prefix(arg, "remember=")) if {
	some rule in stack
	rule.module == "pam_unix.so"
	some arg in rule.args
	regex.match(`^remember=[0-9]{1,3}$`, arg)
}

persisted := {"verdict": "pass", "reason": "kept", "params": {"seen": max(remembered)}} if {
	max(remembered) >= wanted
} else := {"verdict": "fail", "reason": "few", "params": {"seen": max(remembered), "wanted": wanted}} if {
	count(remembered) > 0
} else := {"verdict": "fail", "reason": "none"} if {
	count(stack) > 0
}
