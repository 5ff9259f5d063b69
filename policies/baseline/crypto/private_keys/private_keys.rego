# METADATA
# title: Private keys are closed to other users
# description: >-
#   Whoever can read a private key can pose as the service. Key files must not be readable by everyone.
# custom:
#   uk:
#     title: Приватні ключі закрито від інших користувачів
#     rationale: >-
#       Хто може прочитати приватний ключ, той може видавати себе за службу. Файли ключів не повинні бути доступними
#       для читання всім.
#   severity: high
#   severity_reason:
#     en: A read key cannot be unread; it must be replaced.
#     uk: Прочитаний ключ уже не сховати, його доведеться замінити.
#   capability: encryption
#   halves: [persisted]
#   facts: [certificates]
#   aliases: [CRY-02]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.DS-01, PR.AA-05]
#     cis8: ["3.3", "3.11"]
#     nist80053: [SC-12, AC-6]
#     iso27001: [A.8.24, A.8.3]
#   remedy:
#     en: >-
#       Set mode 0600 (or 0640 with the service's group), then make a new key and certificate, for the old key may be
#       known.
#     uk: >-
#       Встановіть права 0600 (або 0640 з групою служби), потім створіть новий ключ і сертифікат, адже старий ключ
#       може бути відомим.
#   reasons:
#     open:
#       en: "Readable by everyone: {paths}."
#       uk: "Доступні для читання всім: {paths}."
#     closed:
#       en: "No private key is readable by everyone."
#       uk: "Жоден приватний ключ не доступний для читання всім."
package baseline.crypto.private_keys

open := [k.path | some k in input.certificates.private_keys; k.world_readable]

persisted := {"verdict": "fail", "reason": "open", "params": {"paths": open}, "evidence": {"keys": open}} if {
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	is_array(input.certificates.private_keys)
}
