package baseline.accounts.service_shells_test

import data.baseline.accounts.service_shells

user(name, system, can_login) := {"name": name, "shell": "/bin/sh", "system": system, "can_login": can_login}

test_success_no_shell if {
	users := [user("daemon", true, false), user("olena", false, true), user("postgres", true, true)]
	service_shells.persisted.verdict == "pass" with input.accounts.users as users
}

test_fail_shell if {
	service_shells.persisted.params.users == ["www-data (/bin/sh)"] with input.accounts.users as [user("www-data", true, true)]
}

test_unmeasured_persisted if {
	not service_shells.persisted with input as {"families": {}}
}
