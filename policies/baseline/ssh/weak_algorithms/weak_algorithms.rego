# METADATA
# title: SSH offers no broken algorithms
# description: >-
#   Old ciphers, checksums and key exchanges let whoever sits on the line read or change a session, or forge the
#   server. What the server offers on its open port is asked where possible, and its effective lists otherwise.
#   Counted as broken - CBC modes, 3DES, RC4, Blowfish and CAST, MACs on MD5 or cut to 96 bits, key exchange
#   with SHA-1, DSA keys, and RSA signatures with SHA-1 where HostKeyAlgorithms names them (releases before 8.8 add them
#   by default). HMAC-SHA1 and umac-64 are old and not broken, and pass.
# custom:
#   uk:
#     title: SSH не пропонує зламаних алгоритмів
#     rationale: >-
#       Застарілі шифри, контрольні коди й обмін ключами дають тому, хто контролює лінію, змогу читати чи
#       змінювати сеанс або підмінити сервер. Якщо можливо, перевіряється те, що сервер пропонує на відкритому
#       порту, інакше - його чинні переліки. Зламаними вважаються режими CBC, 3DES, RC4, Blowfish і CAST, коди
#       на MD5 або вкорочені до 96 бітів, обмін ключами із SHA-1, ключі DSA, а також підписи RSA із SHA-1, якщо
#       їх названо в HostKeyAlgorithms (випуски до 8.8 додають їх типово). HMAC-SHA1 і umac-64 старі, але не
#       зламані, тож прийнятні.
#   severity: medium
#   severity_reason:
#     en: "The attacker must sit between the two ends, and both must agree on the weak algorithm."
#     uk: "Нападник має контролювати лінію зв'язку, а обидві сторони - погодитися на слабкий алгоритм."
#   capability: remote_access
#   halves: [persisted, live]
#   facts: [sshd]
#   aliases: [SSH-04]
#   baselines: [server, appliance]
#   applicability: true
#   mappings:
#     csf2: [PR.DS-02]
#     cis8: ["3.10"]
#     nist80053: [SC-8, SC-13, AC-17]
#     iso27001: [A.8.24]
#   remedy:
#     en: >-
#       Remove the named algorithms from Ciphers, MACs, KexAlgorithms and HostKeyAlgorithms (a list that begins
#       with a minus sign takes away from the default), or remove these lines and take the defaults of a
#       supported OpenSSH. Very old clients can no longer connect.
#     uk: >-
#       Приберіть названі алгоритми з Ciphers, MACs, KexAlgorithms і HostKeyAlgorithms (перелік, що починається
#       з мінуса, віднімає від типового) або вилучіть ці рядки й залиште типові значення підтримуваної версії
#       OpenSSH. Дуже старі клієнти більше не зможуть під'єднатися.
#   remedy_commands:
#     debian: |-
#       cat > /etc/ssh/sshd_config.d/00-vymir-algorithms.conf <<'EOF'
#       Ciphers -*-cbc,arcfour*
#       MACs -*md5*,*-96*
#       KexAlgorithms -*-sha1
#       EOF
#       sshd -t && systemctl reload ssh
#   reasons:
#     weak:
#       en: "Broken algorithms are offered: {found}."
#       uk: "Пропонуються зламані алгоритми: {found}."
#     sound:
#       en: "No broken algorithm is offered."
#       uk: "Зламаних алгоритмів не пропонується."
#     not_running:
#       en: "The SSH server is not running."
#       uk: "Сервер SSH не працює."
package baseline.ssh.weak_algorithms

import data.lib.sshd

applies := input.sshd.installed

# setting → patterns of names that are broken
broken := {
	"ciphers": `^(3des|blowfish|cast128|arcfour|rijndael|des|.*-cbc)`,
	"macs": `(md5|-96|ripemd)`,
	"kexalgorithms": `sha1(-|$|@)`,
	"hostkeyalgorithms": `^(ssh-dss|ssh-rsa)(-cert|$|@)`,
}

persisted := judge(lists_of(input.sshd.persisted))

# what the open port really offers, or else the lists of the process
live := sshd.not_running if {
	sshd.stopped
} else := judge({
	"ciphers": input.sshd.offered.ciphers,
	"macs": input.sshd.offered.macs,
	"kexalgorithms": input.sshd.offered.kex,
	"hostkeyalgorithms": [name | some name in input.sshd.offered.host_key_algorithms; not startswith(name, "ssh-rsa")],
}) if {
	input.sshd.offered
} else := judge(lists_of(input.sshd.live))

# RSA with SHA-1 counts where somebody asked for it; releases before 8.8 offer it beside better ones by default
lists_of(config) := config.settings if {
	object.get(config, ["sources", "hostkeyalgorithms"], "default") != "default"
} else := object.union(config.settings, {"hostkeyalgorithms": [name |
	some name in object.get(config.settings, "hostkeyalgorithms", [])
	not startswith(name, "ssh-rsa")
]})

judge(lists) := {"verdict": "fail", "reason": "weak", "params": {"found": weak}, "evidence": {"weak": weak}} if {
	weak := sort([name |
		some setting, pattern in broken
		some name in lists[setting]
		regex.match(pattern, name)
	])
	count(weak) > 0
} else := {"verdict": "pass", "reason": "sound", "evidence": {"ciphers": lists.ciphers, "macs": lists.macs, "kex": lists.kexalgorithms}} if {
	count(lists.ciphers) > 0
	count(lists.macs) > 0
	count(lists.kexalgorithms) > 0
}
