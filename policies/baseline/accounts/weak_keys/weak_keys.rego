# METADATA
# title: No weak SSH key opens an account
# description: >-
#   DSA keys and RSA keys of less than 2048 bits can be broken with known means. Every authorized_keys file of
#   every account is read, wherever sshd looks for it.
# custom:
#   uk:
#     title: Жоден слабкий ключ SSH не відкриває облікового запису
#     rationale: >-
#       Ключі DSA та ключі RSA, коротші за 2048 бітів, зламують відомими засобами. Читаються файли
#       authorized_keys усіх облікових записів - там, де їх шукає sshd.
#   severity: medium
#   severity_reason:
#     en: "Breaking such a key takes effort, and the key opens an account without a trace."
#     uk: "Злам такого ключа потребує зусиль, зате ключ відкриває обліковий запис без сліду."
#   capability: identity
#   halves: [persisted]
#   facts: [accounts, sshd]
#   aliases: [ACC-11]
#   baselines: [essential, server, workstation, appliance]
#   mappings:
#     csf2: [PR.AA-01]
#     cis8: ["5.2", "3.11"]
#     nist80053: [IA-5, SC-12]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Have the owners make ed25519 keys, add those, check that they open a session, and delete the named
#       lines.
#     uk: >-
#       Нехай власники створять ключі ed25519; додайте їх, перевірте вхід і вилучіть названі рядки.
#   reasons:
#     weak:
#       en: "Weak keys open accounts: {found}."
#       uk: "Слабкі ключі відкривають облікові записи: {found}."
#     strong:
#       en: "No weak key opens an account ({count} keys seen)."
#       uk: "Слабких ключів немає (переглянуто ключів: {count})."
package baseline.accounts.weak_keys

keys := [{"user": user.name, "key": key} |
	some user in input.accounts.users
	some key in user.authorized_keys
]

looked_at := [user.name |
	some user in input.accounts.users
	user.home_state
]

weak := [sprintf("%s: %s %d (%s)", [k.user, k.key.type, object.get(k.key, "bits", 0), k.key.file]) |
	some k in keys
	broken(k.key)
]

broken(key) if key.type == "ssh-dss"

broken(key) if {
	key.type == "ssh-rsa"
	key.bits > 0
	key.bits < 2048
}

persisted := {"verdict": "fail", "reason": "weak", "params": {"found": weak}, "evidence": {"keys": weak}} if {
	count(weak) > 0
} else := {"verdict": "pass", "reason": "strong", "params": {"count": count(keys)}} if {
	count(looked_at) > 0
	not handed_out
}

# keys that a command hands out to sshd are not read, since the agent starts no programs: then only a weak key decides
handed_out if {
	some value in input.sshd.persisted.settings.authorizedkeyscommand
	lower(value) != "none"
}

handed_out if {
	some block in input.sshd.persisted.matches
	some value in block.settings.authorizedkeyscommand
	lower(value) != "none"
}
