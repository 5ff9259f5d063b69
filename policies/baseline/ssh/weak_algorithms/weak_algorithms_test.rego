package baseline.ssh.weak_algorithms_test

import data.baseline.ssh.weak_algorithms

modern := {
	"ciphers": ["chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com"],
	"macs": ["umac-64-etm@openssh.com", "hmac-sha2-256", "hmac-sha1"],
	"kexalgorithms": ["sntrup761x25519-sha512@openssh.com", "diffie-hellman-group14-sha256"],
	"hostkeyalgorithms": ["ssh-ed25519", "rsa-sha2-512"],
}

offer := {"ciphers": ["aes128-ctr"], "macs": ["hmac-sha2-256"], "kex": ["curve25519-sha256"], "host_key_algorithms": ["ssh-ed25519"]}

test_success_modern if {
	weak_algorithms.persisted.verdict == "pass" with input.sshd.persisted.settings as modern
	weak_algorithms.live.verdict == "pass" with input.sshd.live.settings as modern
	weak_algorithms.live.verdict == "pass" with input.sshd.offered as offer
}

test_success_rsa_by_default if {
	lists := object.union(modern, {"hostkeyalgorithms": ["ssh-ed25519", "ssh-rsa"]})
	weak_algorithms.persisted.verdict == "pass" with input.sshd.persisted as {"settings": lists, "sources": {"hostkeyalgorithms": "default"}}
}

test_fail_weak if {
	every key, name in {
		"ciphers": "aes128-cbc",
		"macs": "hmac-sha1-96",
		"kexalgorithms": "diffie-hellman-group14-sha1",
		"hostkeyalgorithms": "ssh-rsa",
	} {
		lists := object.union(modern, {key: array.concat(modern[key], [name])})
		config := {"settings": lists, "sources": {"hostkeyalgorithms": "/etc/ssh/sshd_config:3"}}
		weak_algorithms.persisted.params.found == [name] with input.sshd.persisted as config
		weak_algorithms.live.verdict == "fail" with input.sshd.live as config
	}
}

test_fail_offered_in_spite_of_configuration if {
	bad := object.union(offer, {"ciphers": ["3des-cbc"]})
	weak_algorithms.live.verdict == "fail" with input.sshd as {"offered": bad, "live": {"settings": modern}}
}

test_success_not_running if {
	weak_algorithms.live.reason == "not_running" with input.sshd as {"running": false}
}

test_unmeasured_persisted if {
	not weak_algorithms.persisted with input as {"families": {}}
	not weak_algorithms.persisted with input.sshd.persisted.settings as {"ciphers": ["aes128-ctr"]}
}

test_unmeasured_live if {
	not weak_algorithms.live with input as {"families": {}}
}

test_not_applicable if {
	weak_algorithms.applies == false with input.sshd.installed as false
}
