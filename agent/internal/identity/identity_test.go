package identity

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

func enrolled(t *testing.T, s *fakeserver.Server, dir string) *Identity {
	t.Helper()
	id, _, err := Enrol(t.Context(), dir, EnrolOptions{Token: s.Token(t), Host: &vymirv1.HostInfo{Name: "kvitka"}, MachineID: "0123"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestEnrolKeepsOnePrivateFile(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{})
	dir := t.TempDir()
	want := enrolled(t, s, dir)
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.HostID != "h1" || got.HostID != want.HostID || got.Server != s.Addr || got.Recipient != "Тестова громада" || !reflect.DeepEqual(got.key.Public(), want.key.Public()) {
		t.Errorf("identity is %+v", got)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("files: %v, want the identity alone", entries)
	}
	st, err := os.Stat(path(dir))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v (%v), want 0600", st.Mode(), err)
	}
	_, h := s.Host(t)
	if len(h.Info.MachineIdDigest) != 32 || bytes.Contains(h.Info.MachineIdDigest, []byte("0123")) {
		t.Errorf("machine digest is %x", h.Info.MachineIdDigest)
	}
}

func TestEnrolRefused(t *testing.T) {
	answer := func(code connect.Code, text string) func(*fakeserver.Server) {
		return func(s *fakeserver.Server) { s.EnrolErr = connect.NewError(code, errors.New(text)) }
	}
	for name, tc := range map[string]struct {
		set  func(*fakeserver.Server)
		want error
	}{
		"expired":  {answer(connect.CodeFailedPrecondition, "expired"), ErrTokenExpired},
		"used":     {answer(connect.CodeFailedPrecondition, "used"), ErrTokenUsed},
		"forged":   {func(s *fakeserver.Server) { clear(s.Secrets) }, ErrTokenUnknown},
		"refused":  {answer(connect.CodePermissionDenied, "no"), ErrRefused},
		"version":  {answer(connect.CodeFailedPrecondition, "wire version 1 is not taken, 2 to 3 are"), ErrRefused},
		"internal": {answer(connect.CodeInternal, "disk"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := fakeserver.Start(t, fakeserver.Options{})
			dir := t.TempDir()
			token := s.Token(t)
			tc.set(s)
			_, _, err := Enrol(t.Context(), dir, EnrolOptions{Token: token})
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error is %v, want %v", err, tc.want)
			}
			if _, err := Load(dir); !errors.Is(err, ErrNone) {
				t.Errorf("a refused host has an identity: %v", err)
			}
		})
	}
}

// TestEnrolAgainAfterALostAnswer: the same token with the same key is not a second use; with another key it is.
func TestEnrolAgainAfterALostAnswer(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{})
	token := s.Token(t)
	dir := t.TempDir()
	key, err := pendingKey(dir, KeyPlace{})
	if err != nil {
		t.Fatal(err)
	}
	lost := t.TempDir()
	b, _ := os.ReadFile(pendingPath(dir))
	if err := os.WriteFile(pendingPath(lost), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Enrol(t.Context(), lost, EnrolOptions{Token: token}); err != nil {
		t.Fatal(err)
	}
	id, _, err := Enrol(t.Context(), dir, EnrolOptions{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if id.HostID != "h1" || !reflect.DeepEqual(id.key.Public(), key.Public()) {
		t.Errorf("host id is %s", id.HostID)
	}
	if _, _, err := Enrol(t.Context(), t.TempDir(), EnrolOptions{Token: token}); !errors.Is(err, ErrTokenUsed) {
		t.Errorf("error is %v, want ErrTokenUsed", err)
	}
}

func TestEnrolOtherServer(t *testing.T) {
	a, b := fakeserver.Start(t, fakeserver.Options{}), fakeserver.Start(t, fakeserver.Options{})
	_, _, err := Enrol(t.Context(), t.TempDir(), EnrolOptions{Token: a.Token(t), Server: b.Addr})
	if !errors.Is(err, wire.ErrServerIdentity) {
		t.Errorf("error is %v, want ErrServerIdentity", err)
	}
	if _, _, err := Enrol(t.Context(), t.TempDir(), EnrolOptions{Token: "vymir1.x"}); !errors.Is(err, wire.ErrToken) {
		t.Errorf("error is %v, want ErrToken", err)
	}
}

func TestRenewAndRecover(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{})
	dir := t.TempDir()
	id := enrolled(t, s, dir)
	before := id.leaf.SerialNumber
	from, to := id.Validity()
	if id.RenewDue(from.Add(19*24*time.Hour)) || !id.RenewDue(from.Add(21*24*time.Hour)) || id.Expired(to.Add(-time.Minute)) || !id.Expired(to.Add(time.Minute)) {
		t.Errorf("30 days from %s: renewal is due at the wrong time", from)
	}
	c, err := wire.NewClient(wire.ClientOptions{Server: id.Server, Roots: id.ServerRoots(), Certificate: id.TLS()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // a test's client
	if err := id.Renew(t.Context(), dir, c); err != nil {
		t.Fatal(err)
	}
	renewed, err := Load(dir)
	if err != nil || renewed.leaf.SerialNumber.Cmp(before) == 0 {
		t.Errorf("certificate on disk is the old one (%v)", err)
	}
	bare, err := wire.NewClient(wire.ClientOptions{Server: id.Server, Roots: id.ServerRoots()})
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close() //nolint:errcheck // a test's client
	if err := id.Recover(t.Context(), dir, bare, time.Now()); err != nil {
		t.Fatal(err)
	}
	s.Mu.Lock()
	s.Revoked["h1"] = true
	s.Mu.Unlock()
	if err := id.Recover(t.Context(), dir, bare, time.Now()); !wire.IdentityRefused(err) {
		t.Errorf("error is %v, want a refusal", err)
	}
}

func TestLoadDamaged(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{})
	dir := t.TempDir()
	enrolled(t, s, dir)
	b, _ := os.ReadFile(path(dir))
	for _, n := range []int{0, 1, len(b) / 2, len(b) - 1} {
		if err := os.WriteFile(path(dir), b[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut at %d: error is %v, want ErrDamaged", n, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"version":1,"host_id":"h","server":"s:1"}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		decode(b) //nolint:errcheck // it must only not panic
	})
}
