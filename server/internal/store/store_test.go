package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

var (
	now       = storetest.Now
	recipient = store.Recipient{ID: "r-1", NameUK: "Обласна лікарня", NameEN: "Oblast hospital", Sector: "health", SizeBand: "250-999", Region: "UA-46", Created: now}
	site      = store.Site{ID: "s-1", RecipientID: "r-1", NameUK: "Головний корпус", Connectivity: "starlink", Power: "ups_generator", Created: now}
	host      = store.Host{ID: "h-1", RecipientID: "r-1", SiteID: "s-1", TokenID: "t-1", Name: "mail", OS: "debian 12", SPKI: []byte{1},
		MachineDigest: []byte{2, 3}, Enrolled: now, Skew: -1500 * time.Millisecond, Summary: assessment.Summary{CoveragePercent: 100}}
)

// tx runs f in a writing transaction and fails the test on an error.
func tx(t *testing.T, st *store.Store, f func(*store.Tx) error) {
	t.Helper()
	if err := st.Tx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func seed(t *testing.T, st *store.Store) {
	t.Helper()
	tx(t, st, func(tx *store.Tx) error {
		return errors.Join(tx.PutRecipient(recipient), tx.PutSite(site), tx.AddHost(host))
	})
}

func TestRoundTrip(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		token := store.Token{ID: "t-1", SecretHash: []byte("hash"), RecipientID: "r-1", SiteID: "s-1", UsesMax: 1, Created: now, Expires: now.Add(time.Hour), CreatedBy: "cli"}
		a := store.Assessment{HostID: "h-1", Sequence: 7, Kind: store.KindFull, Created: now, Measured: now, Received: now, BundleName: "vymir", BundleRevision: 3,
			ItemDigest: []byte{1}, StateDigest: []byte{2}, Payload: []byte("zstd")}
		f := store.Finding{ID: "f-1", HostID: "h-1", RecipientID: "r-1", SiteID: "s-1", Control: "ssh.root_login", Family: "ssh", Capability: "identity",
			Severity: assessment.High, Live: assessment.Fail, Target: `{"params":{"n":1}}`, BundleName: "vymir", BundleRevision: 3, Due: now.AddDate(0, 0, 30)}
		f.Record, _ = review.Observe(f.Record, review.Observation{Status: assessment.Fail, ReasonID: "x", Measured: now, ControlRevision: 2})
		result := store.Result{HostID: "h-1", Control: "ssh.root_login", Status: assessment.Fail, Live: assessment.Fail, Severity: assessment.High,
			Capability: "identity", ReasonID: "x", Since: now}
		bundle := store.Bundle{Name: "vymir", Revision: 3, Digest: []byte{9}, Content: []byte{1}, Catalogue: "{}", Accepted: now, AcceptedBy: "server"}
		event := store.FindingEvent{ID: "e-1", FindingID: "f-1", At: now, Actor: "host:h-1", Event: "opened"}
		tx(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.AddToken(token), tx.AddAssessment(a), tx.PutFinding(f), tx.PutResult(result), tx.AddBundle(bundle),
				tx.AddBundle(bundle), tx.AddFindingEvent(event), tx.PutState(store.State{HostID: "h-1", Sequence: 7, Digest: []byte{2}, Payload: []byte("p")}))
		})
		check := func(name string, want any, get func(*store.Tx) (any, error)) {
			t.Helper()
			var got any
			if err := st.View(t.Context(), func(tx *store.Tx) (err error) { got, err = get(tx); return err }); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		check("recipient", recipient, func(tx *store.Tx) (any, error) { return tx.Recipient("r-1") })
		check("sites", []store.Site{site}, func(tx *store.Tx) (any, error) { return tx.Sites("r-1") })
		check("host", host, func(tx *store.Tx) (any, error) { return tx.Host("h-1") })
		check("hosts", []store.Host{host}, func(tx *store.Tx) (any, error) { return tx.Hosts("r-1", "", 10) })
		check("tokens", []store.Token{token}, func(tx *store.Tx) (any, error) { return tx.Tokens("r-1") })
		check("assessment", a, func(tx *store.Tx) (any, error) { return tx.Assessment("h-1", 7) })
		check("finding", f, func(tx *store.Tx) (any, error) { return tx.Finding("f-1") })
		check("results", []store.Result{result}, func(tx *store.Tx) (any, error) { return tx.Results("h-1") })
		check("bundle", bundle, func(tx *store.Tx) (any, error) { return tx.Bundle("vymir", 3, nil) })
		check("events", []store.FindingEvent{event}, func(tx *store.Tx) (any, error) { return tx.FindingEvents("f-1") })
		check("findings", []store.Finding{f}, func(tx *store.Tx) (any, error) {
			return tx.Findings(store.FindingFilter{Recipient: "r-1", State: review.Open, MinSeverity: assessment.Medium, Limit: 5})
		})
		check("findings after the last", []store.Finding{}, func(tx *store.Tx) (any, error) {
			return tx.Findings(store.FindingFilter{After: &store.FindingCursor{Severity: f.Severity, Opened: f.Opened, ID: f.ID}})
		})
	})
}

func TestAbsentAndTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		a := store.Assessment{HostID: "h-1", Sequence: 1, Kind: store.KindFull}
		tx(t, st, func(tx *store.Tx) error { return tx.AddAssessment(a) })
		if err := st.Tx(t.Context(), func(tx *store.Tx) error { return tx.AddAssessment(a) }); !errors.Is(err, store.ErrExists) {
			t.Errorf("same sequence twice: got %v, want ErrExists", err)
		}
		if err := st.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Host("h-none"); return err }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("missing host: got %v, want ErrNotFound", err)
		}
		if err := st.View(t.Context(), func(tx *store.Tx) error { return tx.PutSetting("a", "b") }); err == nil {
			t.Error("a view could write")
		}
	})
}

func TestTokenLastUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		tx(t, st, func(tx *store.Tx) error {
			return tx.AddToken(store.Token{ID: "t-1", SecretHash: []byte("h"), RecipientID: "r-1", SiteID: "s-1", UsesMax: 3, Expires: now})
		})
		var wg sync.WaitGroup
		var mu sync.Mutex
		tx(t, st, func(tx *store.Tx) error {
			got, err := tx.TokenBySecret([]byte("h"))
			if got.ID != "t-1" {
				t.Errorf("got token %q", got.ID)
			}
			return err
		})
		used := 0
		for range 8 {
			wg.Go(func() {
				err := st.Tx(context.Background(), func(tx *store.Tx) error { return tx.UseToken("t-1") })
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					used++
				case !errors.Is(err, store.ErrNotFound):
					t.Errorf("use token: %v", err)
				}
			})
		}
		wg.Wait()
		if used != 3 {
			t.Errorf("token of three uses was used %d times", used)
		}
	})
}

func TestResultKeepsSince(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		for i, status := range []assessment.Status{assessment.Fail, assessment.Fail, assessment.Pass} {
			tx(t, st, func(tx *store.Tx) error {
				return tx.PutResult(store.Result{HostID: "h-1", Control: "a.b", Status: status, Severity: assessment.Low, Since: now.Add(time.Duration(i) * time.Hour)})
			})
			want := now
			if status == assessment.Pass {
				want = now.Add(2 * time.Hour)
			}
			var got []store.Result
			tx(t, st, func(tx *store.Tx) (err error) { got, err = tx.Results("h-1"); return err })
			if !got[0].Since.Equal(want) {
				t.Errorf("step %d: since %v, want %v", i, got[0].Since, want)
			}
		}
	})
}

func TestLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			owner string
			after time.Duration
			want  bool
		}{{"a", 0, true}, {"b", time.Second, false}, {"a", 2 * time.Second, true}, {"b", 13 * time.Second, true}, {"a", 14 * time.Second, false}} {
			tx(t, st, func(tx *store.Tx) error {
				got, err := tx.Lease("sweep", c.owner, now.Add(c.after), 10*time.Second)
				if got != c.want {
					t.Errorf("%s at %v: got %v, want %v", c.owner, c.after, got, c.want)
				}
				return err
			})
		}
	})
}

func TestMigrateTwiceAndCheck(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		again, err := st.Migrate(t.Context(), now)
		if err != nil || len(again) != 0 {
			t.Fatalf("second migrate: %v, %v", again, err)
		}
		seed(t, st)
		if err := st.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAuditChain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := st.Tx(context.Background(), func(tx *store.Tx) error {
					return tx.Audit(store.Entry{At: now, Actor: "user:u-1", Action: "a", Object: fmt.Sprint(i), Detail: "{}"})
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		tx(t, st, func(tx *store.Tx) error {
			n, last, err := tx.VerifyAudit()
			if n != 20 || len(last) != 32 {
				t.Errorf("got %d entries, hash %x", n, last)
			}
			return err
		})
	})
}

func TestDatabaseFileIsPrivate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "vymir.db")
	for range 2 {
		st, err := store.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Migrate(t.Context(), storetest.Now); err != nil {
			t.Fatal(err)
		}
		for _, n := range []string{name, name + "-wal", name + "-shm"} {
			if info, err := os.Stat(n); err != nil || info.Mode().Perm()&0o007 != 0 {
				t.Errorf("%s: %v, %v", n, info.Mode(), err)
			}
		}
		st.Close()
		if err := os.Chmod(name, 0o644); err != nil { // as earlier versions made it
			t.Fatal(err)
		}
	}
}
