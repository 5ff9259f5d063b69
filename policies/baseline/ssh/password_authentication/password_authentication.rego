# METADATA
# title: SSH accepts keys, not passwords alone
# description: >-
#   A password can be guessed, reused and phished; a key cannot be guessed, and a key with a second factor
#   resists theft too. A host fails when a connection can be opened by a password alone, through
#   PasswordAuthentication or through KbdInteractiveAuthentication with UsePAM, globally or in a Match block.
#   Demanding publickey in every list of AuthenticationMethods passes, whatever comes after it.
# custom:
#   uk:
#     title: SSH приймає ключі, а не самі лише паролі
#     rationale: >-
#       Пароль можна підібрати, використати повторно чи виманити; ключ підібрати неможливо, а ключ із другим
#       чинником стійкий і до викрадення. Порушенням є можливість увійти за самим лише паролем - через
#       PasswordAuthentication або через KbdInteractiveAuthentication разом з UsePAM, у загальній частині чи в
#       блоці Match. Якщо кожен перелік AuthenticationMethods вимагає publickey, вимогу виконано, хай що йде
#       далі.
#   severity: medium
#   severity_reason:
#     en: "Guessing of passwords over SSH is constant, but succeeds only against weak or leaked ones."
#     uk: "Підбирання паролів через SSH триває постійно, але вдається лише проти слабких або викрадених паролів."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-02, SSH-09]
#   baselines: [server, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-03]
#     cis8: ["6.4", "6.5"]
#     nist80053: [IA-2, IA-5, AC-17]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Give every user a key and check that it opens a session. Then set PasswordAuthentication no and
#       KbdInteractiveAuthentication no (or demand publickey in AuthenticationMethods), and reload sshd. Whoever
#       has no key is locked out.
#     uk: >-
#       Видайте кожному користувачеві ключ і перевірте, що він відкриває сеанс. Потім задайте
#       PasswordAuthentication no і KbdInteractiveAuthentication no (або вимагайте publickey в
#       AuthenticationMethods) та перечитайте конфігурацію sshd. Хто не має ключа, увійти більше не зможе.
#   remedy_commands:
#     debian: |-
#       printf 'PasswordAuthentication no\nKbdInteractiveAuthentication no\n' > /etc/ssh/sshd_config.d/00-vymir-keys.conf
#       sshd -t && systemctl reload ssh
#     rhel: |-
#       printf 'PasswordAuthentication no\nKbdInteractiveAuthentication no\n' > /etc/ssh/sshd_config.d/00-vymir-keys.conf
#       sshd -t && systemctl reload sshd
#     openwrt: |-
#       uci set dropbear.@dropbear[0].PasswordAuth='off'
#       uci set dropbear.@dropbear[0].RootPasswordAuth='off'
#       uci commit dropbear && /etc/init.d/dropbear restart
#   reasons:
#     password:
#       en: "A password alone opens a session: {found}."
#       uk: "Сеанс відкривається самим лише паролем: {found}."
#     keys:
#       en: "Passwords alone are refused: {found}."
#       uk: "Самі лише паролі не приймаються: {found}."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.password_authentication

import data.lib.sshd

applies := input.sshd.installed

persisted := judge(input.sshd.persisted)

live := sshd.not_running if {
	sshd.stopped
} else := judge(input.sshd.live)

judge(config) := {
	"verdict": "fail",
	"reason": "password",
	"params": {"found": [sshd.said(b) | some b in bad]},
	"evidence": {"found": bad, "wanted": "no, or publickey in every list of AuthenticationMethods"},
} if {
	config.settings.passwordauthentication
	bad := ways(config)
	count(bad) > 0
} else := {
	"verdict": "pass",
	"reason": "keys",
	"params": {"found": seen},
	"evidence": {"found": seen},
} if {
	config.settings.passwordauthentication
	seen := [sprintf("%s %s", [name, concat(" ", config.settings[lower(name)])]) |
		some name in ["PasswordAuthentication", "KbdInteractiveAuthentication", "UsePAM", "AuthenticationMethods"]
	]
}

# the settings that let a password in; none where a key is demanded too
ways(config) := [] if {
	key_demanded(config)
} else := array.concat(
	sshd.broken(config, {"PasswordAuthentication": {"no"}}),
	[b |
		config.settings.usepam[0] == "yes"
		some b in sshd.broken(config, {"KbdInteractiveAuthentication": {"no"}})
	],
)

# every list of methods, wherever one is given, holds publickey
key_demanded(config) if {
	places := sshd.places(config, "AuthenticationMethods")
	count(places) > 0
	every place in places {
		every list in place.values {
			"publickey" in split(list, ",")
		}
	}
}
