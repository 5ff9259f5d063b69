package baseline.runtime.no_password_guessing_test

import data.baseline.runtime.no_password_guessing

seen(user, failed, state) := {"runtime": {
	"hooks": [{"event": "login", "state": state}],
	"logins": [{"user": user, "origin": "public", "failed": failed}],
}}

test_success_none if {
	no_password_guessing.live.verdict == "pass" with input as seen("root", 99, "proven")
	no_password_guessing.live.verdict == "pass" with input as seen("?", 99999, "proven")
}

test_fail_guessed if {
	no_password_guessing.live.params.names == ["root (public, 100)"] with input as seen("root", 100, "proven")
}

test_unmeasured_live if {
	not no_password_guessing.live with input as {"families": {}}
	not no_password_guessing.live with input as seen("root", 1, "refused")
}
