package baseline.privilege.sudo_password_test

import data.baseline.privilege.sudo_password

rule(users, commands, nopasswd) := {
	"users": users, "hosts": ["ALL"], "commands": commands,
	"nopasswd": nopasswd, "file": "/etc/sudoers", "line": 7,
}

test_success_asked if {
	rules := [rule(["%sudo"], ["ALL"], false), rule(["backup"], ["/usr/bin/rsync"], true), rule(["root"], ["ALL"], true)]
	sudo_password.persisted.verdict == "pass" with input.sudo as {"installed": true, "rules": rules}
	sudo_password.persisted.verdict == "pass" with input.sudo as {"installed": false, "doas": ["permit persist :wheel"]}
}

test_fail_nopasswd if {
	sudo_password.persisted.params.found == {"deploy: ALL (/etc/sudoers:7)"} with input.sudo.rules as [rule(["deploy"], ["ALL"], true)]
	sudo_password.persisted.verdict == "fail" with input.sudo as {"rules": [], "doas": ["permit nopass :wheel"]}
}

test_unmeasured_persisted if {
	not sudo_password.persisted with input as {"families": {}}
	not sudo_password.persisted with input.sudo as {"installed": true}
}

test_not_applicable if {
	sudo_password.applies == false with input.sudo as {"installed": false}
	sudo_password.applies == true with input.sudo as {"installed": false, "rules": [rule(["a"], ["ALL"], true)]}
	sudo_password.applies == true with input.sudo as {"installed": true}
	sudo_password.applies == true with input.sudo as {"installed": false, "doas": ["permit a"]}
}
