package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/hook"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// receiver takes messages of webhooks. It hangs on the third until it is let go.
type receiver struct {
	mu      sync.Mutex
	seen    map[string]int    // message id → how often it came
	types   map[string]string // message id → type
	hanging chan struct{}     // closed when the third message has come
	letGo   chan struct{}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var m hook.Message
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := req.Header.Get("Webhook-Id")
	r.mu.Lock()
	r.seen[id]++
	r.types[id] = m.Type
	third := len(r.seen) == 3 && r.seen[id] == 1
	r.mu.Unlock()
	if third {
		close(r.hanging)
		<-r.letGo
	}
}

// got is how often each message came, by id, and how many different ones there were of a type.
func (r *receiver) got(kind string) (seen map[string]int, of int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.types {
		if t == kind {
			of++
		}
	}
	return maps.Clone(r.seen), of
}

// TestKilledAtWork kills a server process (SIGKILL) in the middle of a delivery to a webhook and of a sweep. The process
// that comes next ends the waiver once, leaves the deliveries alone while the dead one's lease lasts, and then makes up for
// them: every message arrives, and the one that was on its way, and no other, a second time under the same id.
func TestKilledAtWork(t *testing.T) {
	dsn := os.Getenv("VYMIR_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("needs PostgreSQL: set VYMIR_TEST_POSTGRES to the DSN of a database")
	}
	addrs := [2]string{freeAddress(t), freeAddress(t)}
	n := install(t, addrs[0], storetest.Schema(t, dsn))
	st, now, ctx := n.open(), time.Now(), t.Context()
	if err := os.MkdirAll(filepath.Join(n.dir, "state", "ca"), 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := seal.Open(filepath.Join(n.dir, "state", "ca", "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	hooked := &receiver{seen: map[string]int{}, types: map[string]string{}, hanging: make(chan struct{}), letGo: make(chan struct{})}
	web := httptest.NewServer(hooked)
	defer web.Close()
	letGo := sync.OnceFunc(func() { close(hooked.letGo) })
	defer letGo()
	change := func(f func(tx *store.Tx) error) {
		t.Helper()
		if err := st.Tx(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	const messages = 6
	var waived string
	change(func(tx *store.Tx) error {
		h := store.Host{ID: "h-1", RecipientID: "r-1", SiteID: "s-1", SPKI: []byte{1}, MachineDigest: []byte{2}, Enrolled: now, Measured: now}
		if err := errors.Join(tx.AddHost(h), tx.AddWebhook(store.Webhook{ID: "wh-1", RecipientID: "r-1", URL: web.URL, Secret: key.Seal(hook.Purpose("wh-1"), []byte(hook.NewSecret())), Created: now})); err != nil {
			return err
		}
		var results []assessment.Result
		for i := range messages {
			results = append(results, assessment.Result{Control: "ssh." + string(rune('a'+i)), Family: "ssh", Severity: assessment.High, Status: assessment.Fail})
		}
		if err := tx.Observe(store.Change{Host: h, Measured: now.Add(-72 * time.Hour), Received: now, Results: results}); err != nil {
			return err
		}
		list, err := tx.HostFindings("h-1")
		if err != nil {
			return err
		}
		waived = list[0].ID
		_, err = tx.DecideFinding(waived, review.Accepted, "until yesterday", "user:u-1", now.Add(-24*time.Hour), now.Add(-48*time.Hour))
		return err
	})
	// The row of the waiver is held, so that the sweep stands still in its transaction.
	hold, release := context.WithCancel(ctx)
	held, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		st.Tx(ctx, func(tx *store.Tx) error { //nolint:errcheck // undone on purpose
			_, err := tx.LockFinding(waived)
			close(held)
			<-hold.Done()
			return errors.Join(err, context.Canceled)
		})
	}()
	<-held
	begun := time.Now()
	first := n.serve(addrs[0])
	within := func(what string, f func() bool) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); !f(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not within two minutes; the log: %s", what, n.log())
			}
		}
	}
	select {
	case <-hooked.hanging:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the third message did not come: %s", n.log())
	}
	hung := time.Now()
	within("the sweep holds its lease and waits", func() bool {
		try, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		err := st.Tx(try, func(tx *store.Tx) error {
			if _, err := tx.Lease("sweep", "test", now, time.Second); err != nil {
				return err
			}
			return errors.ErrUnsupported // undone: the lease was free
		})
		return err != nil && !errors.Is(err, errors.ErrUnsupported)
	})
	first.stop(syscall.SIGKILL)
	quick := time.Since(hung) < 40*time.Second // else the sender may have given up by itself, and come again
	release()
	<-over
	letGo()
	ended := func() (count int) {
		change(func(tx *store.Tx) error {
			events, err := tx.FindingEvents(waived)
			for _, e := range events {
				if e.Event == string(review.WaiverEnded) {
					count++
				}
			}
			return err
		})
		return count
	}
	if ended() != 0 {
		t.Error("the killed process had ended the waiver")
	}
	second := n.serve(addrs[1])
	within("the waiver ends", func() bool { return ended() == 1 })
	if seen, _ := hooked.got(""); len(seen) != 3 && quick && time.Since(begun) < 150*time.Second { // its lease lasts for 180
		t.Errorf("%d messages came while the lease of the killed process lasts, want the 3 from before", len(seen))
	}
	// Time passes: the lease of the killed process runs out. Another process comes and finds it free.
	change(func(tx *store.Tx) error {
		late := time.Now().Add(time.Hour)
		_, err := tx.Lease("webhooks", "test", late, time.Until(late.Add(-2*time.Hour)))
		return err
	})
	third := n.serve(addrs[0])
	within("every message arrives", func() bool {
		_, opened := hooked.got("finding.opened")
		_, other := hooked.got("finding.waiver_ended")
		return opened == messages && other == 1
	})
	for _, p := range []*process{second, third} {
		p.stop(syscall.SIGTERM)
	}
	seen, _ := hooked.got("")
	times := slices.Sorted(maps.Values(seen))
	if len(times) <= messages || quick && (times[len(times)-1] != 2 || times[len(times)-2] != 1) {
		t.Errorf("messages came %v times: want the one that was on its way twice, each other once", times)
	}
	if got := ended(); got != 1 {
		t.Errorf("the waiver ended %d times", got)
	}
	change(func(tx *store.Tx) error {
		for _, name := range []string{"sweep", "webhooks"} { // who ends well leaves nobody waiting
			if free, err := tx.Lease(name, "next", time.Now(), time.Minute); err != nil || !free {
				t.Errorf("the lease %s is not given back: %v", name, err)
			}
		}
		_, _, err := tx.VerifyAudit()
		return err
	})
	if log := n.log(); strings.Contains(log, web.URL) {
		t.Error("the log names the receiver's address")
	}
}
