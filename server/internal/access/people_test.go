package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

const right = "correct horse battery"

// enter signs admin in by password and returns the session's actor.
func (b *bench) enter(t *testing.T) Actor {
	t.Helper()
	_, a, err := b.SignIn(t.Context(), "admin", right, here)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// codes turns one-time codes on for a and returns their secret and the recovery codes.
func (b *bench) codes(t *testing.T, a Actor) (secret string, recovery []string) {
	t.Helper()
	k, err := b.BeginTOTP(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if recovery, err = b.ConfirmTOTP(t.Context(), a, b.code(t, k.Secret)); err != nil {
		t.Fatal(err)
	}
	return k.Secret, recovery
}

func (b *bench) code(t *testing.T, secret string) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, b.now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// second signs in by password and returns the ticket for the second step.
func (b *bench) second(t *testing.T) string {
	t.Helper()
	_, _, err := b.SignIn(t.Context(), "admin", right, here)
	var step *SecondStepError
	if !errors.As(err, &step) {
		t.Fatalf("sign in: %v, want a second step", err)
	}
	return step.Ticket
}

func TestOneTimeCodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		b := setUp(t, st)
		a := b.enter(t)
		secret, recovery := b.codes(t, a)
		if len(recovery) != recoveryCodes {
			t.Fatalf("%d recovery codes", len(recovery))
		}
		try := func(code string) error {
			_, _, err := b.SignInSecond(t.Context(), b.second(t), code, here)
			return err
		}
		if err := try(b.code(t, secret)); !errors.Is(err, ErrSignIn) {
			t.Errorf("the code that confirmed signs in: %v", err)
		}
		b.now = b.now.Add(time.Minute)
		good := b.code(t, secret)
		if err := try(good[:3] + " " + good[3:]); err != nil {
			t.Errorf("a fresh code: %v", err)
		}
		for name, code := range map[string]string{"again": good, "empty": "", "letters": "abcdef", "long": strings.Repeat("1", 1000), "wrong": "000000"} {
			if err := try(code); !errors.Is(err, ErrSignIn) {
				t.Errorf("%s: %v", name, err)
			}
		}
		b.now = b.now.Add(time.Minute)
		slow := b.code(t, secret)
		b.now = b.now.Add(totpPeriod * time.Second)
		if err := try(slow); err != nil {
			t.Errorf("a code of the step before: %v", err)
		}
		if err := try(strings.ToUpper(recovery[3])); err != nil {
			t.Errorf("a recovery code: %v", err)
		}
		if err := try(recovery[3]); !errors.Is(err, ErrSignIn) {
			t.Errorf("a recovery code twice: %v", err)
		}
		if f, err := b.Factors(t.Context(), a); err != nil || !f.Codes || f.Recovery != recoveryCodes-1 {
			t.Errorf("factors: %+v %v", f, err)
		}
		ticket := b.second(t)
		for range secondTries {
			b.SignInSecond(t.Context(), ticket, "000000", here) //nolint:errcheck // refused on purpose
		}
		if _, _, err := b.SignInSecond(t.Context(), ticket, recovery[5], here); !errors.Is(err, ErrSignIn) {
			t.Errorf("a ticket after %d tries: %v", secondTries, err)
		}
		old := b.second(t)
		b.now = b.now.Add(secondLife)
		if _, _, err := b.SignInSecond(t.Context(), old, b.code(t, secret), here); !errors.Is(err, ErrSignIn) {
			t.Errorf("an old ticket: %v", err)
		}
		if err := b.EndTOTP(t.Context(), a, "000000"); !errors.Is(err, ErrCode) {
			t.Errorf("off with a wrong code: %v", err)
		}
		if err := b.EndTOTP(t.Context(), a, recovery[6]); err != nil {
			t.Errorf("off: %v", err)
		}
		b.enter(t)
	})
}

// TestLinkNeedsTheSecondStepToo keeps a stolen link from going around the second factor.
func TestLinkNeedsTheSecondStepToo(t *testing.T) {
	b := setUp(t, storetest.New(t))
	b.codes(t, b.enter(t))
	link, err := b.NewLink(t.Context(), "cli:test", b.ids["admin"], 0)
	if err != nil {
		t.Fatal(err)
	}
	var step *SecondStepError
	if _, _, err := b.SignInByLink(t.Context(), link, here); !errors.As(err, &step) || !step.Codes {
		t.Errorf("got %v, want a second step", err)
	}
}

// TestSecondStepIsLimited guesses codes with many tickets; the count is by account, whatever the address.
func TestSecondStepIsLimited(t *testing.T) {
	b := setUp(t, storetest.New(t))
	secret, _ := b.codes(t, b.enter(t))
	b.now = b.now.Add(time.Minute)
	for i := range secondFailures {
		_, _, err := b.SignInSecond(t.Context(), b.second(t), "000000", Client{Address: fmt.Sprintf("198.51.100.%d", i)})
		if !errors.Is(err, ErrSignIn) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	var limit *LimitError
	if _, _, err := b.SignInSecond(t.Context(), b.second(t), b.code(t, secret), here); !errors.As(err, &limit) {
		t.Errorf("after %d guesses: %v", secondFailures, err)
	}
	b.now = b.now.Add(secondWindow)
	if _, _, err := b.SignInSecond(t.Context(), b.second(t), b.code(t, secret), here); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// TestLimitsAreShared counts in two services over one store, as two server processes do.
func TestLimitsAreShared(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		b := setUp(t, st)
		other, err := newService(st, Options{Now: func() time.Time { return b.now }, Seal: b.seal}, b.cost)
		if err != nil {
			t.Fatal(err)
		}
		for i := range pairFailures {
			s := []*Service{b.Service, other}[i%2]
			if _, _, err := s.SignIn(t.Context(), "admin", "wrong wrong wrong", here); !errors.Is(err, ErrSignIn) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		for name, s := range map[string]*Service{"one": b.Service, "other": other} {
			var limit *LimitError
			if _, _, err := s.SignIn(t.Context(), "admin", right, here); !errors.As(err, &limit) {
				t.Errorf("process %s: %v", name, err)
			}
		}
		b.now = b.now.Add(limitWindow)
		if err := st.Tx(t.Context(), func(tx *store.Tx) error { return tx.PruneAttempts(b.now) }); err != nil {
			t.Fatal(err)
		}
		b.enter(t)
	})
}

// TestNobodyLocksAnotherOut has somebody behind the same address use up every attempt.
func TestNobodyLocksAnotherOut(t *testing.T) {
	b := setUp(t, storetest.New(t))
	known := here
	known.Device = b.DeviceMark(b.enter(t))
	for i := range addressFailures + 1 {
		b.SignIn(t.Context(), "admin", fmt.Sprint("wrong wrong wrong ", i), here) //nolint:errcheck // refused on purpose
	}
	var limit *LimitError
	if _, _, err := b.SignIn(t.Context(), "admin", right, here); !errors.As(err, &limit) {
		t.Errorf("a strange browser: %v", err)
	}
	if _, _, err := b.SignIn(t.Context(), "admin", right, known); err != nil {
		t.Errorf("the owner's browser is locked out: %v", err)
	}
	// The mark is no way around the limit: it counts by itself, and it is for one account.
	for range pairFailures {
		b.SignIn(t.Context(), "admin", "wrong wrong wrong", known) //nolint:errcheck // refused on purpose
	}
	if _, _, err := b.SignIn(t.Context(), "admin", right, known); !errors.As(err, &limit) {
		t.Errorf("a guesser with the mark: %v", err)
	}
	if b.knowsDevice("donor", known.Device) || b.knowsDevice("admin", "x."+strings.Repeat("A", 22)) || b.knowsDevice("admin", "") {
		t.Error("a mark holds for another account, or was made up")
	}
}

func TestChangePassword(t *testing.T) {
	b := setUp(t, storetest.New(t))
	b.enter(t)
	mine, a, err := b.SignIn(t.Context(), "admin", right, here)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		old, new string
		want     error
	}{
		"wrong-old": {"wrong wrong wrong", "a quite different one", ErrOldPassword}, "short": {right, "short", ErrWeakPassword},
		"monotonous": {right, "aaaaaaaaaaaaaaaa", ErrWeakPassword}, "own-name": {right, "admin-admin1", ErrWeakPassword},
	} {
		if err := b.ChangePassword(t.Context(), a, tc.old, tc.new); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	if err := b.ChangePassword(t.Context(), a, right, "a quite different one"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Session(t.Context(), mine); err != nil {
		t.Errorf("the own session ended: %v", err)
	}
	list, err := b.Sessions(t.Context(), a)
	if err != nil || len(list) != 1 {
		t.Errorf("%d sessions left, %v", len(list), err)
	}
	if _, _, err := b.SignIn(t.Context(), "admin", right, here); !errors.Is(err, ErrSignIn) {
		t.Errorf("the old password: %v", err)
	}
	if _, _, err := b.SignIn(t.Context(), "admin", "a quite different one", here); err != nil {
		t.Errorf("the new password: %v", err)
	}
	tok := a
	tok.Session = ""
	if err := b.ChangePassword(t.Context(), tok, "a quite different one", right); !errors.Is(err, ErrSession) {
		t.Errorf("a token changes the password: %v", err)
	}
}

func TestFactorsWantAFreshSession(t *testing.T) {
	b := setUp(t, storetest.New(t))
	a := b.enter(t)
	b.now = b.now.Add(freshFor + time.Second)
	for name, f := range map[string]func() error{
		"codes":   func() error { _, err := b.BeginTOTP(t.Context(), a); return err },
		"passkey": func() error { _, _, err := b.BeginPasskey(t.Context(), a); return err },
		"person":  func() error { _, _, err := b.AddPerson(t.Context(), a, "r-a", "new", ""); return err },
	} {
		if err := f(); !errors.Is(err, ErrStale) {
			t.Errorf("%s: got %v, want ErrStale", name, err)
		}
	}
}

// TestPasskey registers and uses a passkey with a device in software.
func TestPasskey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		b := setUp(t, st)
		a := b.enter(t)
		rp := virtualwebauthn.RelyingParty{Name: "Vymir", ID: "vymir.example", Origin: "https://vymir.example"}
		device := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(a.UserID)})
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		ticket, options, err := b.BeginPasskey(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		creation, err := virtualwebauthn.ParseAttestationOptions(string(options))
		if err != nil {
			t.Fatal(err)
		}
		answer := []byte(virtualwebauthn.CreateAttestationResponse(rp, device, key, *creation))
		if _, err := b.AddPasskey(t.Context(), a, ticket, " ", answer); !errors.Is(err, ErrInvalid) {
			t.Errorf("no name: %v", err)
		}
		recovery, err := b.AddPasskey(t.Context(), a, ticket, "laptop", answer)
		if err != nil || len(recovery) != recoveryCodes {
			t.Fatalf("add: %d recovery codes, %v", len(recovery), err)
		}
		if _, err := b.AddPasskey(t.Context(), a, ticket, "laptop", answer); !errors.Is(err, ErrInvalid) {
			t.Errorf("the same ceremony twice: %v", err)
		}
		device.AddCredential(key)
		signIn := func(rp virtualwebauthn.RelyingParty) (Actor, error) {
			ticket, options, err := b.BeginPasskeySignIn(t.Context(), here)
			if err != nil {
				t.Fatal(err)
			}
			assertion, err := virtualwebauthn.ParseAssertionOptions(string(options))
			if err != nil {
				t.Fatal(err)
			}
			_, got, err := b.SignInByPasskey(t.Context(), ticket, []byte(virtualwebauthn.CreateAssertionResponse(rp, device, key, *assertion)), here)
			return got, err
		}
		if got, err := signIn(rp); err != nil || got.UserID != a.UserID {
			t.Fatalf("sign in: %+v %v", got, err)
		}
		if _, err := signIn(virtualwebauthn.RelyingParty{Name: "Vymir", ID: "vymir.example", Origin: "https://evil.example"}); !errors.Is(err, ErrSignIn) {
			t.Errorf("another origin: %v", err)
		}
		// The password alone no longer opens the account.
		if _, _, err := b.SignInSecond(t.Context(), b.second(t), recovery[0], here); err != nil {
			t.Errorf("recovery code: %v", err)
		}
		if err := b.DisableUser(t.Context(), "cli:test", a.UserID); err != nil {
			t.Fatal(err)
		}
		if _, err := signIn(rp); !errors.Is(err, ErrSignIn) {
			t.Errorf("disabled: %v", err)
		}
		if err := errors.Join(b.EnableUser(t.Context(), "cli:test", a.UserID), b.ResetFactors(t.Context(), "cli:test", a.UserID)); err != nil {
			t.Fatal(err)
		}
		if _, err := signIn(rp); !errors.Is(err, ErrSignIn) {
			t.Errorf("after the reset: %v", err)
		}
		b.enter(t)
	})
}

func TestPasskeysNeedAName(t *testing.T) {
	for origin, want := range map[string]bool{"https://vymir.example:8443": true, "https://localhost:8443": true, "https://127.0.0.1:8443": false,
		"https://[::1]": false, "http://vymir.example": false, "": false} {
		w, err := relyingParty(origin)
		if err != nil || (w != nil) != want {
			t.Errorf("%q: %v, %v", origin, w != nil, err)
		}
	}
}

// TestPeople lets an administrator manage the administrators of the same recipient, and nobody else.
func TestPeople(t *testing.T) {
	b := setUp(t, storetest.New(t))
	a := b.enter(t)
	make := func(login string, g Grant) string {
		t.Helper()
		id, err := b.CreateUser(t.Context(), "cli:test", NewUser{Login: login, Grants: []Grant{g}})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	approver := make("approver", Grant{Role: RecipientApprover, Recipient: "r-a"})
	assessor := make("assessor", Grant{Role: Assessor, Recipient: All})
	id, link, err := b.AddPerson(t.Context(), a, "r-a", "second", "Друга")
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := b.SignInByLink(t.Context(), link, here); err != nil || !Can(got, HostsRead, Object{Recipient: "r-a"}) || Can(got, NeedsApprove, Object{Recipient: "r-a"}) {
		t.Errorf("the new person: %+v, %v", got, err)
	}
	list, err := b.People(t.Context(), a, "r-a")
	if err != nil || len(list) != 3 {
		t.Fatalf("people: %+v, %v", list, err)
	}
	for _, p := range list {
		if p.Manageable != (p.ID == id) {
			t.Errorf("%s: manageable %v", p.Login, p.Manageable)
		}
	}
	for _, c := range []Change{Disable, Enable, SignOutAll, SignInLinks, Reset} {
		for who, tc := range map[string]struct {
			id   string
			want error
		}{"self": {a.UserID, ErrPerson}, "approver": {approver, ErrPerson}, "assessor": {assessor, store.ErrNotFound}, "donor": {b.ids["donor"], store.ErrNotFound},
			"nobody": {"u-none", store.ErrNotFound}, "second": {id, nil}} {
			if _, err := b.ChangePerson(t.Context(), a, tc.id, c); !errors.Is(err, tc.want) {
				t.Errorf("%s %s: %v, want %v", c, who, err, tc.want)
			}
		}
	}
	if _, err := b.People(t.Context(), a, "r-b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another recipient's people: %v", err)
	}
	if _, _, err := b.AddPerson(t.Context(), a, "r-b", "third", ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a person for another recipient: %v", err)
	}
	// Somebody who is more than an administrator can no longer be changed.
	if err := b.SetGrants(t.Context(), "cli:test", id, []Grant{{Role: RecipientAdmin, Recipient: "r-a"}, {Role: RecipientApprover, Recipient: "r-a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ChangePerson(t.Context(), a, id, SignInLinks); !errors.Is(err, ErrPerson) {
		t.Errorf("a link for an approver: %v", err)
	}
}
