package baseline.runtime.logins_have_owner_test

import data.baseline.runtime.logins_have_owner

seen(user, gecos, state) := {
	"accounts": {"users": [{"name": "olena", "gecos": gecos}, {"name": "root"}]},
	"runtime": {
		"hooks": [{"event": "login", "state": state}],
		"logins": [{"user": user, "origin": "private", "count": 1}, {"user": "root", "origin": "public", "failed": 9, "count": 0}],
	},
}

test_success_owned if {
	logins_have_owner.live.verdict == "pass" with input as seen("olena", "Olena Kovalenko,,,", "proven")
	logins_have_owner.live.verdict == "pass" with input as seen("olena", "", "proven")
		with data.params.runtime.logins_have_owner.owned as ["olena"]
}

test_fail_nobody if {
	logins_have_owner.live.params.users == ["olena"] with input as seen("olena", "", "proven")
	logins_have_owner.live.params.users == ["olena"] with input as seen("olena", "Olena", "proven")
	logins_have_owner.live.params.users == ["root"] with input as seen("root", "", "proven")
}

test_unmeasured_live if {
	not logins_have_owner.live with input as {"families": {}}
	not logins_have_owner.live with input as seen("olena", "Olena K", "refused")
}
