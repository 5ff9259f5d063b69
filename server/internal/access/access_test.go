package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func actor(g ...Grant) Actor { return Actor{UserID: "u", Grants: g} }

// TestCanMatrix tries every action as every role against the own and a foreign tenant. The expectation is written
// out once more here, so that a slip in the table does not pass by agreeing with itself.
func TestCanMatrix(t *testing.T) {
	own := map[Role]string{
		RecipientAdmin:    "hosts:read findings:read findings:evidence webhooks:manage gaps:read needs:read needs:propose needs:withdraw needs:commission effect:read people:manage hosts:enrol targets:set",
		RecipientApprover: "gaps:read needs:read needs:approve needs:withdraw effect:read",
		Assessor:          "hosts:read findings:read findings:review findings:evidence gaps:read needs:read effect:read targets:set",
		Donor:             "entries:pledge entries:commit entries:deliver",
		Observer:          "",
		Coordinator:       "",
		Auditor:           "",
	}
	anywhere := map[Role]string{ // what touches no tenant
		RecipientAdmin: "tokens:manage", RecipientApprover: "tokens:manage", Assessor: "tokens:manage",
		Donor: "entries:read tokens:manage", Observer: "entries:read tokens:manage",
		Coordinator: "entries:read queue:read tokens:manage", Auditor: "audit:read tokens:manage",
	}
	grants := map[Role]Grant{
		RecipientAdmin:    {Role: RecipientAdmin, Recipient: "a"},
		RecipientApprover: {Role: RecipientApprover, Recipient: "a"},
		Assessor:          {Role: Assessor, Recipient: "a"},
		Donor:             {Role: Donor, Donor: "da"},
		Observer:          {Role: Observer, Donor: "da"},
		Coordinator:       {Role: Coordinator},
		Auditor:           {Role: Auditor},
	}
	has := func(list string, a Action) bool { return strings.Contains(" "+list+" ", " "+string(a)+" ") }
	tried := 0
	for _, role := range Roles() {
		g := grants[role]
		if !g.Valid() {
			t.Fatalf("grant %+v is not valid", g)
		}
		for _, action := range Actions() {
			for _, tenant := range []struct {
				name string
				o    Object
				own  bool
			}{{"own", Object{Recipient: "a", Donor: "da"}, true}, {"foreign", Object{Recipient: "b", Donor: "db"}, false}, {"none", Object{}, false}, {"star", Object{Recipient: All, Donor: All}, false}} {
				want := has(anywhere[role], action) || tenant.own && has(own[role], action)
				if got := Can(actor(g), action, tenant.o); got != want {
					t.Errorf("%s %s %s: got %v, want %v", role, action, tenant.name, got, want)
				}
				tried++
			}
		}
	}
	if want := len(Roles()) * len(Actions()) * 4; tried != want {
		t.Fatalf("tried %d of %d", tried, want)
	}
}

func TestCanRefuses(t *testing.T) {
	admin := Grant{Role: RecipientAdmin, Recipient: "a"}
	for name, a := range map[string]Actor{
		"nobody":        {Grants: []Grant{admin}},
		"no_grants":     actor(),
		"unknown_role":  actor(Grant{Role: "root", Recipient: "a"}),
		"narrow_token":  {UserID: "u", Grants: []Grant{admin}, Scopes: []Action{GapsRead}},
		"empty_token":   {UserID: "u", Grants: []Grant{admin}, Scopes: []Action{}},
		"admin_of_all":  actor(Grant{Role: RecipientAdmin, Recipient: All}),
		"scopeless":     actor(Grant{Role: RecipientAdmin}),
		"donor_as_user": actor(Grant{Role: Donor, Donor: "a"}),
	} {
		if Can(a, HostsRead, Object{Recipient: "a"}) {
			t.Errorf("%s may read hosts", name)
		}
	}
}

func TestRecipientsAgreesWithCan(t *testing.T) {
	for name, tc := range map[string]struct {
		grants []Grant
		ids    string
		all    bool
	}{
		"two":  {[]Grant{{Role: RecipientAdmin, Recipient: "b"}, {Role: Assessor, Recipient: "a"}, {Role: RecipientAdmin, Recipient: "a"}}, "[a b]", false},
		"all":  {[]Grant{{Role: RecipientAdmin, Recipient: "b"}, {Role: Assessor, Recipient: All}}, "[]", true},
		"none": {[]Grant{{Role: Donor, Donor: "d"}, {Role: Auditor}}, "[]", false},
	} {
		a := actor(tc.grants...)
		ids, all := Recipients(a, HostsRead)
		if fmt.Sprint(ids) != tc.ids || all != tc.all {
			t.Errorf("%s: got %v %v, want %s %v", name, ids, all, tc.ids, tc.all)
		}
		for _, r := range []string{"a", "b", "c"} {
			listed := all || strings.Contains(fmt.Sprint(ids), r)
			if Can(a, HostsRead, Object{Recipient: r}) != listed {
				t.Errorf("%s: Can and Recipients differ for %s", name, r)
			}
		}
	}
}

func TestPassword(t *testing.T) {
	cheap := cost{memoryKiB: 64, time: 1, threads: 1}
	h, err := hashPassword("довгий пароль 7", cheap)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"довгий пароль 7": true, "довгий пароль 8": false, "": false, strings.Repeat("x", 1<<20): false} {
		if ok, err := verifyPassword(h, password); ok != want || err != nil {
			t.Errorf("verify %.20q: got %v %v, want %v", password, ok, err, want)
		}
	}
	if _, err := hashPassword("короткий", cheap); !errors.Is(err, ErrWeakPassword) {
		t.Errorf("short password: %v", err)
	}
	for _, bad := range []string{"", "x", "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=4194304,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=0,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA"} {
		if ok, err := verifyPassword(bad, "довгий пароль 7"); ok || err == nil {
			t.Errorf("malformed hash %q accepted", bad)
		}
	}
}

func TestSecrets(t *testing.T) {
	s, h := newSecret(linkPrefix)
	if !wellFormed(linkPrefix, s) || wellFormed(sessionPrefix, s) || wellFormed(linkPrefix, s+"x") || wellFormed(linkPrefix, "") {
		t.Errorf("shape of %q", s)
	}
	if strings.Contains(h, s) || !sameHash(h, hashSecret(s)) || sameHash(h, hashSecret(s+"x")) {
		t.Error("hash of a secret")
	}
}
