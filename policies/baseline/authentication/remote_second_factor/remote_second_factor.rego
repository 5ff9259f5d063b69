# METADATA
# title: Remote administrators show a second factor
# description: >-
#   A stolen password or key alone must not open a host from afar. Either AuthenticationMethods asks for two methods
#   in each of its alternatives, or the PAM stack of sshd holds a module for one-time codes or security keys. A key
#   that is itself kept on a hardware token cannot be told from other keys, so where only such keys are used this
#   control may be scoped out.
# custom:
#   uk:
#     title: Віддалені адміністратори підтверджують вхід другим чинником
#     rationale: >-
#       Викраденого пароля чи ключа не має вистачати, щоб відкрити вузол здалеку. Або AuthenticationMethods вимагає
#       двох способів у кожному варіанті, або стек PAM для sshd містить модуль одноразових кодів чи ключів безпеки.
#       Ключ, що зберігається на апаратному токені, не відрізнити від інших, тож там, де застосовують лише такі ключі,
#       вимогу можна виключити.
#   severity: medium
#   severity_reason:
#     en: A stolen credential is the commonest way in.
#     uk: Викрадені облікові дані є найпоширенішим шляхом проникнення.
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd, pam]
#   aliases: [ACC-12]
#   baselines: [server]
#   applicability: true
#   mappings:
#     csf2: [PR.AA-03]
#     cis8: ["6.4", "6.5"]
#     nist80053: [IA-2(1), AC-17]
#     iso27001: [A.8.5]
#   remedy:
#     en: >-
#       Set AuthenticationMethods publickey,keyboard-interactive with a module such as pam_google_authenticator or
#       pam_oath, or use keys on hardware tokens (ed25519-sk). Keep a session open while you test.
#     uk: >-
#       Задайте AuthenticationMethods publickey,keyboard-interactive з модулем на зразок pam_google_authenticator чи
#       pam_oath, або використовуйте ключі на апаратних токенах (ed25519-sk). Під час перевірки тримайте сеанс
#       відкритим.
#   reasons:
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
#     one:
#       en: "One method is enough to log in over SSH."
#       uk: "Для входу через SSH достатньо одного способу."
#     two:
#       en: "SSH asks for two methods ({seen})."
#       uk: "SSH вимагає двох способів ({seen})."
#     module:
#       en: "{seen} asks for a second factor."
#       uk: "Другий чинник вимагає {seen}."
package baseline.authentication.remote_second_factor

import data.lib.sshd

factors := {"pam_google_authenticator.so", "pam_oath.so", "pam_u2f.so", "pam_yubico.so", "pam_duo.so", "pam_otpw.so", "pam_radius_auth.so", "pam_privacyidea.so"}

applies := input.sshd.installed

persisted := judge(input.sshd.persisted.settings)

# sshd reads the stack of PAM anew at each login, so the files hold for the running server too
live := sshd.not_running if {
	sshd.stopped
} else := judge(input.sshd.live.settings)

judge(settings) := {"verdict": "pass", "reason": "two", "params": {"seen": settings.authenticationmethods}} if {
	two(settings)
} else := {"verdict": "pass", "reason": "module", "params": {"seen": modules[0]}} if {
	settings.usepam == ["yes"]
	count(modules) > 0
} else := {"verdict": "fail", "reason": "one"} if {
	settings.usepam
	decided(settings)
}

# methods are alternatives, one a value; each lists what must be passed, by commas
two(settings) if {
	count(settings.authenticationmethods) > 0
	every alternative in settings.authenticationmethods {
		contains(alternative, ",")
	}
}

modules := [rule.module |
	some rule in input.pam.services.sshd
	rule.type == "auth"
	rule.module in factors
	rule.control != "optional"
]

# without PAM, or with its stack read, nothing else can ask for a second factor
decided(settings) if settings.usepam == ["no"]

decided(_) if input.pam.services.sshd
