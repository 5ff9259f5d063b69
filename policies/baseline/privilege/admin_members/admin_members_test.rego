package baseline.privilege.admin_members_test

import data.baseline.privilege.admin_members

host(users, groups, rules) := {"accounts": {"users": users, "groups": groups}, "sudo": {"installed": true, "rules": rules}}

people := [
	{"name": "root", "uid": 0, "groups": ["root", "wheel"]},
	{"name": "olena", "uid": 1000, "groups": ["olena", "sudo"], "system": false},
	{"name": "www-data", "uid": 33, "groups": ["www-data"], "system": true},
]

service := [{"name": "www-data", "uid": 33, "groups": ["www-data", "docker"], "system": true}]

rule(users) := [{"users": users, "commands": ["ALL"]}, {"users": ["backup"], "commands": ["/usr/bin/rsync"]}]

test_success_right if {
	admin_members.persisted.params.names == ["olena"] with input as host(people, [], rule(["root", "%sudo", "ALL", "#1000"]))
	admin_members.persisted.verdict == "pass" with input as host(service, [], []) with data.params.privilege.admin_members.approved as ["www-data"]
	admin_members.persisted.verdict == "pass" with input as {"accounts": {"users": people, "groups": []}, "sudo": {"installed": false}}
}

test_fail_unapproved if {
	result := admin_members.persisted with input as host(people, [{"name": "wheel", "members": ["taras", "root"]}], rule(["petro"]))
		with data.params.privilege.admin_members.approved as ["olena"]
	result.params.names == ["petro", "taras"]
}

test_fail_service if {
	admin_members.persisted.params.names == ["www-data"] with input as host(service, [], [])
}

test_fail_many if {
	admin_members.persisted.reason == "many" with input as host(people, [{"name": "sudo", "members": ["a", "b"]}], [])
		with data.params.privilege.admin_members.max_members as 2
}

test_unmeasured_persisted if {
	not admin_members.persisted with input as {"families": {}}
	not admin_members.persisted with input as {"accounts": {"users": people, "groups": []}, "sudo": {"installed": true}}
}
