package catalogue

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// receiver is a reference receiver: it verifies, tells repeats, keeps entries and forgets those that are gone.
type receiver struct {
	t       *testing.T
	secret  []byte
	now     func() time.Time
	entries map[string]DonorNeed
	ids     []string
	fail    int // so many requests are answered 503
	bytes   []byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(io.LimitReader(q.Body, 1<<20))
	if err != nil {
		r.t.Error(err)
	}
	if r.fail > 0 {
		r.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	id, e, err := VerifyPush(r.secret, q.Header, body, r.now())
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.bytes = append(r.bytes, body...)
	r.ids = append(r.ids, id)
	switch e.Type {
	case EntryPublished:
		r.entries[e.Data.Ref] = *e.Data.Entry
	case EntryGone:
		delete(r.entries, e.Data.Ref)
	}
	w.WriteHeader(http.StatusNoContent)
}

func TestPush(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	r := &receiver{t: t, secret: bytes.Repeat([]byte{7}, 32), now: func() time.Time { return w.now }, entries: map[string]DonorNeed{}}
	srv := httptest.NewServer(r)
	defer srv.Close()
	c := Connector{Donor: "d-a", URL: srv.URL, Secret: r.secret}
	push := func(want int, ok bool) {
		t.Helper()
		sent, err := w.s.Push(t.Context(), c, srv.Client(), "cli")
		if sent != want || (err == nil) != ok {
			t.Fatalf("sent %d, %v; want %d, ok %v", sent, err, want, ok)
		}
	}
	push(0, true) // nothing was approved: nothing leaves
	plant(w, "r-0", "push")
	first := w.publish(w.wish("r-0", Named, "d-a"))
	w.publish(w.wish("r-1", Anonymous, "d-a"))
	w.publish(w.wish("r-2", Named, "d-b")) // not for this receiver
	r.fail = 1
	push(0, false) // the receiver is down
	push(2, true)  // and up again
	push(0, true)  // it holds everything already
	if len(r.entries) != 2 {
		t.Fatalf("the receiver holds %d entries", len(r.entries))
	}
	if err := w.s.Withdraw(t.Context(), admin("r-0"), first.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.publish(w.wish("r-3", Named, "d-a"))
	r.fail = 1
	push(0, false) // the withdrawal comes first, before anything new
	if len(r.entries) != 2 {
		t.Fatalf("the receiver holds %d entries", len(r.entries))
	}
	push(2, true)
	for ref, e := range r.entries {
		if e.Recipient.In("en") == "Hospital 0" || e.Ref != ref {
			t.Errorf("the receiver still holds %+v", e)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(r.ids)))) != len(r.ids) {
		t.Errorf("an event came twice: %v", r.ids)
	}
	if bytes.Contains(bytes.ToLower(r.bytes), []byte("canary")) {
		t.Error("a canary was pushed")
	}
}

func TestPushRefuses(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	for name, c := range map[string]Connector{
		"plain_http":   {Donor: "d-a", URL: "http://catalogue.example/x", Secret: make([]byte, 32)},
		"short_secret": {Donor: "d-a", URL: "https://catalogue.example/x", Secret: make([]byte, 8)},
		"no_address":   {Donor: "d-a", Secret: make([]byte, 32)},
		"file":         {Donor: "d-a", URL: "file:///tmp/x", Secret: make([]byte, 32)},
	} {
		if _, err := w.s.Push(t.Context(), c, http.DefaultClient, "cli"); !errors.Is(err, ErrTarget) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifyPush(t *testing.T) {
	secret, now := bytes.Repeat([]byte{1}, 24), storetest.Now
	body := []byte(`{"type":"entry.gone","timestamp":"2026-11-21T12:00:00Z","data":{"ref":"e-1"}}`)
	header := func(id string, at time.Time, key []byte) http.Header {
		stamp := strconv.AppendInt(nil, at.Unix(), 10)
		h := http.Header{}
		h.Set("Webhook-Id", id)
		h.Set("Webhook-Timestamp", string(stamp))
		h.Set("Webhook-Signature", "v1,"+sign(key, id, string(stamp), body))
		return h
	}
	if _, e, err := VerifyPush(secret, header("m", now, secret), body, now); err != nil || e.Data.Ref != "e-1" {
		t.Errorf("good push: %+v, %v", e, err)
	}
	for name, h := range map[string]http.Header{
		"old": header("m", now.Add(-time.Hour), secret), "future": header("m", now.Add(time.Hour), secret),
		"other_key": header("m", now, bytes.Repeat([]byte{2}, 24)), "unsigned": {},
	} {
		if _, _, err := VerifyPush(secret, h, body, now); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, _, err := VerifyPush(secret, header("m", now, secret), append([]byte(" "), body...), now); err == nil {
		t.Error("a changed body was accepted")
	}
}

// FuzzVerifyPush gives the decoder signed nonsense: whatever is signed must decode or be refused, never crash.
func FuzzVerifyPush(f *testing.F) {
	f.Add([]byte(`{"type":"entry.published","timestamp":"2026-11-21T12:00:00Z","data":{"ref":"e","entry":{"items":[]}}}`))
	f.Add([]byte(`{"type":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		secret, stamp := make([]byte, 24), string(strconv.AppendInt(nil, storetest.Now.Unix(), 10))
		h := http.Header{}
		h.Set("Webhook-Id", "m")
		h.Set("Webhook-Timestamp", stamp)
		h.Set("Webhook-Signature", "v1,"+sign(secret, "m", stamp, body))
		if _, e, err := VerifyPush(secret, h, body, storetest.Now); err == nil && e.Data.Entry != nil {
			_ = e.Data.Entry.Plain("uk")
		}
	})
}
