package access

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

type bench struct {
	*Service
	st  *store.Store
	now time.Time
	ids map[string]string
}

// setUp makes a service with one person per role name given, all with the same password.
func setUp(t *testing.T, st *store.Store) *bench {
	t.Helper()
	b := &bench{st: st, now: storetest.Now, ids: map[string]string{}}
	s, err := newService(st, Options{Now: func() time.Time { return b.now }, Origin: "https://vymir.example"}, cost{memoryKiB: 64, time: 1, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	b.Service = s
	if err := st.Tx(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutRecipient(store.Recipient{ID: "r-a", NameEN: "A", Created: b.now}); err != nil {
			return err
		}
		return tx.PutDonor(store.DonorOrg{ID: "d-a", NameEN: "A", Member: true, Created: b.now})
	}); err != nil {
		t.Fatal(err)
	}
	for login, g := range map[string]Grant{
		"admin": {Role: RecipientAdmin, Recipient: "r-a"}, "donor": {Role: Donor, Donor: "d-a"},
	} {
		if b.ids[login], err = s.CreateUser(t.Context(), "cli:test", NewUser{Login: login, Password: "correct horse battery", Grants: []Grant{g}}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

var here = Client{Address: "192.0.2.7:4000", Agent: "test"}

func TestSignIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		b := setUp(t, st)
		secret, a, err := b.SignIn(t.Context(), " ADMIN ", "correct horse battery", here)
		if err != nil || !Can(a, HostsRead, Object{Recipient: "r-a"}) {
			t.Fatalf("sign in: %+v %v", a, err)
		}
		got, err := b.Session(t.Context(), secret)
		if err != nil || got.UserID != b.ids["admin"] || !Can(got, HostsRead, Object{Recipient: "r-a"}) || Can(got, HostsRead, Object{Recipient: "r-b"}) {
			t.Fatalf("session: %+v %v", got, err)
		}
		for name, tc := range map[string]struct{ login, password string }{
			"wrong": {"admin", "correct horse batterz"}, "unknown": {"nobody", "correct horse battery"}, "empty": {"", ""},
		} {
			if _, _, err := b.SignIn(t.Context(), tc.login, tc.password, here); !errors.Is(err, ErrSignIn) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := b.SignOut(t.Context(), got); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Session(t.Context(), secret); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("session after sign-out: %v", err)
		}
		if _, _, err := trail(t, st); err != nil {
			t.Errorf("audit: %v", err)
		}
	})
}

func trail(t *testing.T, st *store.Store) (n uint64, last []byte, err error) {
	err = st.View(t.Context(), func(tx *store.Tx) (err error) { n, last, err = tx.VerifyAudit(); return err })
	return n, last, err
}

func TestSessionEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		act  func(t *testing.T, b *bench)
		want error
	}{
		"fresh": {func(*testing.T, *bench) {}, nil},
		"used":  {func(_ *testing.T, b *bench) { b.now = b.now.Add(SessionIdle - time.Second) }, nil},
		"idle":  {func(_ *testing.T, b *bench) { b.now = b.now.Add(SessionIdle + time.Second) }, ErrUnauthenticated},
		"old":   {func(_ *testing.T, b *bench) { b.now = b.now.Add(SessionLife) }, ErrUnauthenticated},
		"disabled": {func(t *testing.T, b *bench) {
			if err := b.DisableUser(t.Context(), "cli:test", b.ids["admin"]); err != nil {
				t.Fatal(err)
			}
		}, ErrUnauthenticated},
		"password_changed": {func(t *testing.T, b *bench) {
			if err := b.SetPassword(t.Context(), "cli:test", b.ids["admin"], "another long password"); err != nil {
				t.Fatal(err)
			}
		}, ErrUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, storetest.New(t))
			secret, _, err := b.SignIn(t.Context(), "admin", "correct horse battery", here)
			if err != nil {
				t.Fatal(err)
			}
			tc.act(t, b)
			if _, err := b.Session(t.Context(), secret); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestSignInByLink(t *testing.T) {
	b := setUp(t, storetest.New(t))
	link := func() string {
		l, err := b.NewLink(t.Context(), "cli:test", b.ids["donor"], 0)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first := link()
	if _, a, err := b.SignInByLink(t.Context(), first, here); err != nil || a.UserID != b.ids["donor"] {
		t.Fatalf("first use: %+v %v", a, err)
	}
	late, forged := link(), linkPrefix+strings.Repeat("A", secretLen)
	b.now = b.now.Add(LinkLife)
	for name, l := range map[string]string{"used": first, "expired": late, "forged": forged, "malformed": "x", "session": sessionPrefix + strings.Repeat("A", secretLen)} {
		if _, _, err := b.SignInByLink(t.Context(), l, here); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignInIsLimited(t *testing.T) {
	b := setUp(t, storetest.New(t))
	for range pairFailures {
		b.SignIn(t.Context(), "admin", "wrong wrong wrong", here) //nolint:errcheck // refused on purpose
	}
	var limit *LimitError
	if _, _, err := b.SignIn(t.Context(), "admin", "correct horse battery", here); !errors.As(err, &limit) {
		t.Errorf("the guesser goes on: %v", err)
	}
	if _, _, err := b.SignIn(t.Context(), "admin", "correct horse battery", Client{Address: "198.51.100.1"}); err != nil {
		t.Errorf("the owner is locked out: %v", err)
	}
}

func TestTokens(t *testing.T) {
	b := setUp(t, storetest.New(t))
	_, a, err := b.SignIn(t.Context(), "admin", "correct horse battery", here)
	if err != nil {
		t.Fatal(err)
	}
	secret, tok, err := b.NewToken(t.Context(), a, "report", []Action{GapsRead}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Bearer(t.Context(), secret)
	if err != nil || !Can(got, GapsRead, Object{Recipient: "r-a"}) || Can(got, HostsRead, Object{Recipient: "r-a"}) || Can(got, GapsRead, Object{Recipient: "r-b"}) {
		t.Fatalf("token: %+v %v", got, err)
	}
	for name, try := range map[string]func() error{
		"foreign_scope": func() error {
			_, _, err := b.NewToken(t.Context(), a, "x", []Action{EntriesRead}, time.Hour)
			return err
		},
		"no_scope": func() error { _, _, err := b.NewToken(t.Context(), a, "x", nil, time.Hour); return err },
		"for_ever": func() error {
			_, _, err := b.NewToken(t.Context(), a, "x", []Action{GapsRead}, 2*MaxTokenLife)
			return err
		},
		"from_token": func() error {
			_, _, err := b.NewToken(t.Context(), got, "x", []Action{GapsRead}, time.Hour)
			return err
		},
	} {
		if err := try(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	second, _, _ := b.NewToken(t.Context(), a, "short", []Action{GapsRead}, time.Minute)
	if err := b.RevokeToken(t.Context(), a, tok.ID); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Minute)
	for name, s := range map[string]string{"revoked": secret, "expired": second, "forged": tokenPrefix + strings.Repeat("A", secretLen), "empty": ""} {
		if _, err := b.Bearer(t.Context(), s); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCreateUserRefuses(t *testing.T) {
	b := setUp(t, storetest.New(t))
	for name, tc := range map[string]struct {
		u    NewUser
		want error
	}{
		"taken":        {NewUser{Login: "Admin"}, store.ErrExists},
		"empty":        {NewUser{}, ErrInvalid},
		"odd":          {NewUser{Login: "a b"}, ErrInvalid},
		"weak":         {NewUser{Login: "x", Password: "short"}, ErrWeakPassword},
		"admin_of_all": {NewUser{Login: "x", Grants: []Grant{{Role: RecipientAdmin, Recipient: All}}}, ErrInvalid},
		"recipient":    {NewUser{Login: "x", Grants: []Grant{{Role: RecipientAdmin, Recipient: "r-none"}}}, ErrInvalid},
		"donor":        {NewUser{Login: "x", Grants: []Grant{{Role: Donor, Donor: "d-none"}}}, ErrInvalid},
		"role":         {NewUser{Login: "x", Grants: []Grant{{Role: "root"}}}, ErrInvalid},
	} {
		if _, err := b.CreateUser(context.Background(), "cli:test", tc.u); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}

// TestSecretsAreHashed looks for every secret in the raw rows.
func TestSecretsAreHashed(t *testing.T) {
	b := setUp(t, storetest.New(t))
	link, _ := b.NewLink(t.Context(), "cli:test", b.ids["donor"], 0)
	sess, a, err := b.SignInByLink(t.Context(), link, here)
	if err != nil {
		t.Fatal(err)
	}
	tok, _, err := b.NewToken(t.Context(), a, "x", []Action{EntriesRead}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir() + "/copy.db"
	if err := b.st.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	raw := readFile(t, to)
	for name, secret := range map[string]string{"link": link, "session": sess, "token": tok, "password": "correct horse battery"} {
		if strings.Contains(raw, secret) || strings.Contains(raw, strings.TrimLeft(secret, "vyslt_")) {
			t.Errorf("the %s is in the database", name)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
