package baseline.services.samba_modern_test

import data.baseline.services.samba_modern

samba(settings, shares) := {"families": {"shares": {"state": "ok"}}, "shares": {"samba": {"global": settings, "shares": shares}}}

test_success_modern if {
	samba_modern.persisted.verdict == "pass" with input as samba({"server min protocol": "SMB3"}, {"data": {"guest ok": "no"}})
	samba_modern.applies == true with input as samba({}, {})
}

test_fail_old_or_guests if {
	samba_modern.persisted.verdict == "fail" with input as samba({"server min protocol": "nt1"}, {})
	samba_modern.persisted.params.seen == ["data"] with input as samba({}, {"data": {"public": "Yes"}})
}

test_unmeasured_persisted if {
	not samba_modern.persisted with input as {"families": {}}
	not samba_modern.persisted with input.shares as {"samba": {}}
}

test_not_applicable if {
	samba_modern.applies == false with input as {"families": {"shares": {"state": "ok"}}, "shares": {"nfs": []}}
}
