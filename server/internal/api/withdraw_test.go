package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/hook"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/web"
)

// TestWithdrawalOnEveryChannel takes a text back and looks for it in everything that its donor can ask for: pages, API, files
// and the push connector. Before, each of them held it.
func TestWithdrawalOnEveryChannel(t *testing.T) {
	b := newBench(t)
	ctx, o := t.Context(), b.objects["a"]
	clock := func() time.Time { return storetest.Now }
	pages, err := web.Handler(web.Deps{Store: b.store, Access: b.people, Catalogue: b.cat, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	donor := b.session(t, "donor-a")
	page := func(path string) func() string {
		return func() string {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
			r.AddCookie(&http.Cookie{Name: SessionCookie, Value: donor})
			r.Header.Set("Accept-Language", "en")
			w := httptest.NewRecorder()
			pages.ServeHTTP(w, r)
			return w.Body.String()
		}
	}
	tags := map[string]string{}
	get := func(path string) func() string {
		return func() string {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, Prefix+path, nil)
			r.Header.Set("Authorization", "Bearer "+donor)
			if tag := tags[path]; tag != "" {
				r.Header.Set("If-None-Match", tag) // a kept answer must not count as current
			}
			w := httptest.NewRecorder()
			b.h.ServeHTTP(w, r)
			if w.Code == http.StatusNotModified {
				t.Errorf("%s: 304", path)
			}
			tags[path] = w.Header().Get("ETag")
			return w.Body.String()
		}
	}
	file := func(write func(w io.Writer, list []catalogue.Entry) error) func() string {
		return func() string {
			list, err := b.cat.EntriesFor(ctx, "d-a", "cli:test")
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := write(&out, list); err != nil && !errors.Is(err, catalogue.ErrNothing) {
				t.Fatal(err)
			}
			return out.String()
		}
	}
	// The recipient's own webhooks tell ids of findings, to whom the recipient chose: no word of a text for donors, before and after.
	var told bytes.Buffer
	hooked := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(&told, r.URL, r.Header)
		io.Copy(&told, r.Body) //nolint:errcheck // what is missing is found missing
	}))
	defer hooked.Close()
	key, err := seal.New(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		t.Fatal(err)
	}
	notices := func(times int) {
		t.Helper()
		if err := b.store.Tx(ctx, func(tx *store.Tx) error {
			return tx.AddFindingEvent(store.FindingEvent{ID: store.NewID("e"), FindingID: o.finding, At: storetest.Now, Actor: "server", Event: "reopened"})
		}); err != nil {
			t.Fatal(err)
		}
		sender := &hook.Sender{Store: b.store, Seal: key, Client: hook.Client(true), Log: slog.Default(), Now: clock}
		if _, err := sender.Deliver(ctx, 100); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(told.String(), "finding.reopened"); n != times {
			t.Errorf("the recipient's webhook was told %d times, want %d", n, times)
		}
	}
	if err := b.store.Tx(ctx, func(tx *store.Tx) error {
		return tx.AddWebhook(store.Webhook{ID: "wh-withdraw", RecipientID: o.recipient, URL: hooked.URL, Secret: key.Seal(hook.Purpose("wh-withdraw"), []byte(hook.NewSecret())), Created: storetest.Now})
	}); err != nil {
		t.Fatal(err)
	}
	notices(1)
	held := map[string]string{}
	secret := bytes.Repeat([]byte{3}, 32)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, e, err := catalogue.VerifyPush(secret, r.Header, body, storetest.Now)
		if err != nil {
			t.Error(err)
		}
		if delete(held, e.Data.Ref); e.Type == catalogue.EntryPublished {
			held[e.Data.Ref] = string(body)
		}
	}))
	defer receiver.Close()
	reporter := catalogue.Reporter{Ref: "XM-EXAMPLE-1", Type: "10", Name: remedies.Text{"uk": "Донор", "en": "Donor"}}
	channels := map[string]func() string{
		"page list": page("/catalogue"), "page entry": page("/catalogue/" + o.ref), "page form": page("/catalogue/" + o.ref + "/print"),
		"page file": page("/catalogue/" + o.ref + "/print?file=1"), "page best set": page("/catalogue/best?eur=1000000"),
		"api list": get("/entries"), "api entry": get("/entries/" + o.ref),
		"csv":   file(func(w io.Writer, l []catalogue.Entry) error { return catalogue.WriteCSV(w, l, "en") }),
		"oscal": file(func(w io.Writer, l []catalogue.Entry) error { return catalogue.WritePOAM(w, l, "en", storetest.Now) }),
		"iati": file(func(w io.Writer, l []catalogue.Entry) error {
			return catalogue.WriteIATI(w, l, reporter, storetest.Now)
		}),
		"submission": file(func(w io.Writer, l []catalogue.Entry) error {
			var texts []catalogue.DonorNeed
			var refs []string
			for _, e := range l {
				texts, refs = append(texts, e.DonorNeed), append(refs, e.Ref)
			}
			return catalogue.WriteSubmission(w, texts, refs, storetest.Now)
		}),
		"push": func() string {
			if _, err := b.cat.Push(ctx, catalogue.Connector{Donor: "d-a", URL: receiver.URL, Secret: secret}, receiver.Client(), "cli:test"); err != nil {
				t.Fatal(err)
			}
			return strings.Join(mapValues(held), "")
		},
	}
	r, err := b.cat.Release(ctx, b.actor("admin-a"), o.release)
	if err != nil {
		t.Fatal(err)
	}
	recipient, title := r.Text.Recipient.In("en"), r.Text.Title.In("en")
	for name, read := range channels {
		if got := read(); !strings.Contains(got, recipient) {
			t.Errorf("%s does not hold the published text: %.200s", name, got)
		}
	}
	if err := b.cat.Withdraw(ctx, b.actor("admin-a"), o.release, "changed our mind"); err != nil {
		t.Fatal(err)
	}
	for name, read := range channels {
		got := read()
		for _, word := range []string{recipient, title, "changed our mind", o.release} {
			if strings.Contains(got, word) {
				t.Errorf("%s still holds %q", name, word)
			}
		}
	}
	notices(2)
	for _, word := range []string{recipient, title, "changed our mind", o.release, o.ref, "release", "needs"} {
		if strings.Contains(told.String(), word) {
			t.Errorf("the recipient's webhook tells %q: %s", word, told.String())
		}
	}
	for path, body := range map[string]any{"/entries/" + o.ref + "/pledges": map[string]any{"quantity": 1}, "/entries/" + o.ref + "/overlaps": map[string]any{"quantity": 1}} {
		if code, _ := b.call(t, donor, http.MethodPost, Prefix+path, body); code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, code)
		}
	}
	if gone := get("/withdrawals")(); !strings.Contains(gone, o.ref) {
		t.Errorf("the donor is not told that the entry is gone: %s", gone)
	}
}

func mapValues(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
