package dispatch_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

type signer struct {
	pub  minisign.PublicKey
	priv minisign.PrivateKey
}

func newSigner(t *testing.T) signer {
	t.Helper()
	pub, priv, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{pub, priv}
}

// file is a signed bundle of one built-in control under a revision; change spoils it before it is signed.
func (s signer) file(t *testing.T, revision uint64, change func(*bundle.Bundle, *policies.Catalogue)) []byte {
	t.Helper()
	b, err := policies.BuiltInBundle(storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := policies.ParseCatalogue(b.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	k, _ := c.Control("ssh.root_login")
	one := *k
	c.Revision, b.Manifest.Revision, c.Controls = revision, revision, []policies.Control{one}
	for path := range b.Modules {
		if path != policies.ModulePath("ssh", "root_login") && !strings.HasPrefix(path, "lib/") {
			delete(b.Modules, path)
		}
	}
	if change != nil {
		change(b, c)
	}
	if b.Catalogue, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := bundle.Write(&out, b, s.priv); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func recipients(t *testing.T, st *store.Store) {
	t.Helper()
	if err := st.Tx(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.PutRecipient(store.Recipient{ID: "r-1", NameUK: "Лікарня", Created: storetest.Now}),
			tx.PutRecipient(store.Recipient{ID: "r-2", NameUK: "Громада", Created: storetest.Now}),
			controls.Accept(tx, policies.BuiltIn(), nil, "server", storetest.Now))
	}); err != nil {
		t.Fatal(err)
	}
}

// told asks a new board what a host is told.
func told(t *testing.T, st *store.Store, h store.Host, has *vymirv1.CheckInRequest) *vymirv1.Directives {
	t.Helper()
	var d *vymirv1.Directives
	if err := st.View(t.Context(), func(tx *store.Tx) (err error) {
		d, err = (&dispatch.Board{}).For(tx, h, has, storetest.Now)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPublish(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		recipients(t, st)
		s, next := newSigner(t), newSigner(t)
		own := policies.BuiltIn().Revision
		publish := func(data []byte, recipient string) error {
			_, err := dispatch.PublishBundle(t.Context(), st, data, recipient, "test", storetest.Now)
			return err
		}
		good := s.file(t, own+1, nil)
		if err := publish(good, ""); !errors.Is(err, dispatch.ErrNoKeys) {
			t.Fatalf("without a key: %v", err)
		}
		if err := dispatch.Trust(t.Context(), st, "hello", "test", storetest.Now); !errors.Is(err, bundle.ErrFormat) {
			t.Errorf("trust nonsense: %v", err)
		}
		if err := dispatch.Trust(t.Context(), st, s.pub.String(), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			data []byte
			to   string
			want error
		}{
			"unsigned":          {next.file(t, own+1, nil), "", bundle.ErrUnsigned},
			"nonsense":          {[]byte("hello"), "", bundle.ErrFormat},
			"expired":           {s.file(t, own+1, func(b *bundle.Bundle, _ *policies.Catalogue) { b.Manifest.Expires = storetest.Now }), "", bundle.ErrExpired},
			"other-revision":    {s.file(t, own+1, func(_ *bundle.Bundle, c *policies.Catalogue) { c.Revision++ }), "", dispatch.ErrCatalogue},
			"renumbered":        {s.file(t, own+1, func(_ *bundle.Bundle, c *policies.Catalogue) { c.Controls[0].Number = 9999 }), "", dispatch.ErrRenumbered},
			"reason-renumbered": {s.file(t, own+1, func(_ *bundle.Bundle, c *policies.Catalogue) { r := c.Controls[0].Reasons; r[0], r[1] = r[1], r[0] }), "", dispatch.ErrRenumbered},
			"nobody":            {good, "r-9", store.ErrNotFound},
		} {
			if err := publish(c.data, c.to); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		if d := told(t, st, store.Host{RecipientID: "r-1"}, nil); len(d.Offers) != 0 {
			t.Errorf("offered before anything was published: %v", d)
		}
		for range 2 {
			if err := publish(good, ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := publish(s.file(t, own+1, func(b *bundle.Bundle, _ *policies.Catalogue) { b.Manifest.Created = storetest.Now.Add(time.Hour) }), ""); !errors.Is(err, dispatch.ErrPublished) {
			t.Errorf("another file under a revision that was published: %v", err)
		}
		if err := publish(s.file(t, own+2, nil), "r-1"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			recipient string
			has       uint64
			want      uint64 // 0: no offer
		}{{"r-2", 0, own + 1}, {"r-2", own + 1, 0}, {"r-2", own + 5, 0}, {"r-1", own + 1, own + 2}, {"r-1", own + 2, 0}} {
			got := uint64(0)
			if d := told(t, st, store.Host{RecipientID: c.recipient}, &vymirv1.CheckInRequest{BundleRevision: c.has}); len(d.Offers) == 1 {
				got = d.Offers[0].Revision
			}
			if got != c.want {
				t.Errorf("%s that has %d is offered %d, want %d", c.recipient, c.has, got, c.want)
			}
		}
		if err := publish(s.file(t, own, nil), "r-1"); !errors.Is(err, bundle.ErrOlder) {
			t.Errorf("back to an older one: %v", err)
		}
		// The key turns.
		if err := publish(s.file(t, own+3, func(b *bundle.Bundle, _ *policies.Catalogue) { b.Manifest.Keys = []string{next.pub.String()} }), ""); err != nil {
			t.Fatal(err)
		}
		if err := publish(s.file(t, own+4, nil), ""); !errors.Is(err, bundle.ErrUnsigned) {
			t.Errorf("by the key that went: %v", err)
		}
		if err := publish(next.file(t, own+4, nil), ""); err != nil {
			t.Errorf("by the key that came: %v", err)
		}
		if err := dispatch.Withdraw(t.Context(), st, wire.KindBundle, "vymir", "", "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		if d := told(t, st, store.Host{RecipientID: "r-2"}, nil); len(d.Offers) != 0 {
			t.Errorf("offered after it was withdrawn: %v", d)
		}
		if err := dispatch.Withdraw(t.Context(), st, wire.KindBundle, "vymir", "", "test", storetest.Now); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("withdrawn twice: %v", err)
		}
	})
}

// TestPublishVulns offers an index to the hosts of its release and to no others.
func TestPublishVulns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s, stranger := newSigner(t), newSigner(t)
		index := func(s signer, e vulnindex.Edition) []byte {
			b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: "Debian:12"})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if _, err := b.Write(&out, e, s.priv); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}
		if err := dispatch.Trust(t.Context(), st, s.pub.String(), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			data []byte
			to   string
			want error
		}{
			"unsigned":      {index(stranger, vulnindex.Edition{Revision: 2, Created: storetest.Now}), "", vulnindex.ErrUnsigned},
			"expired":       {index(s, vulnindex.Edition{Revision: 2, Created: storetest.Now, Expires: storetest.Now}), "", vulnindex.ErrExpired},
			"one-recipient": {index(s, vulnindex.Edition{Revision: 2, Created: storetest.Now}), "r-1", dispatch.ErrForAll},
			"good":          {index(s, vulnindex.Edition{Revision: 2, Created: storetest.Now}), "", nil},
			"good-again":    {index(s, vulnindex.Edition{Revision: 2, Created: storetest.Now}), "", nil},
		} {
			if _, err := dispatch.Publish(t.Context(), st, c.data, c.to, "test", storetest.Now); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		if _, err := dispatch.Publish(t.Context(), st, index(s, vulnindex.Edition{Revision: 1, Created: storetest.Now}), "", "test", storetest.Now); !errors.Is(err, bundle.ErrOlder) {
			t.Errorf("older: %v", err)
		}
		for os, want := range map[string]int{"debian 12": 1, "debian 11": 0, "": 0} {
			if d := told(t, st, store.Host{OS: os}, nil); len(d.Offers) != want {
				t.Errorf("%q is offered %v", os, d.Offers)
			}
		}
		if d := told(t, st, store.Host{OS: "debian 12"}, &vymirv1.CheckInRequest{VulnsRevision: 2}); len(d.Offers) != 0 {
			t.Errorf("offered what the host has: %v", d.Offers)
		}
	})
}

// An index goes with deltas from the revisions before it, as far as they are smaller, and old ones are not kept for ever.
func TestDeltas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newSigner(t)
		if err := dispatch.Trust(t.Context(), st, s.pub.String(), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		index := func(revision uint64) []byte {
			b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: "Debian:12"})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 300 {
				id := fmt.Sprintf("X-%d", i)
				if i == 0 {
					id = fmt.Sprintf("X-NEW-%d", revision)
				}
				var o vulnindex.OSV
				if err := json.Unmarshal(fmt.Appendf(nil, `{"id": %q, "modified": "2026-11-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Debian:12", "name": "p-%d"},
					"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "%d"}]}]}]}`, id, i, i+1), &o); err != nil {
					t.Fatal(err)
				}
				if err := b.AddRecord(&o); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			if _, err := b.Write(&out, vulnindex.Edition{Revision: revision, Created: storetest.Now}, s.priv); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}
		files := map[uint64][]byte{}
		for revision := uint64(1); revision <= 10; revision++ {
			files[revision] = index(revision)
			if _, err := dispatch.Publish(t.Context(), st, files[revision], "", "test", storetest.Now); err != nil {
				t.Fatal(err)
			}
		}
		for has, want := range map[uint64]uint64{0: 0, 1: 0, 2: 0, 3: 3, 9: 9, 77: 0} {
			d := told(t, st, store.Host{OS: "debian 12"}, &vymirv1.CheckInRequest{VulnsRevision: has})
			if has > 10 {
				if len(d.Offers) != 0 {
					t.Errorf("a host that has %d is offered %v", has, d.Offers)
				}
				continue
			}
			o := d.Offers[0]
			if o.Revision != 10 || o.Size != uint64(len(files[10])) || o.DeltaFrom != want || want > 0 && o.DeltaSize*2 > o.Size {
				t.Errorf("a host that has %d is offered %v, want a delta from %d", has, o, want)
			}
		}
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			all, err := tx.Artefacts(wire.KindVulns)
			if len(all) != 8 {
				t.Errorf("%d indexes are kept", len(all))
			}
			line, err2 := tx.Delta(wire.KindVulns, "Debian:12", 10, 9)
			text, err3 := tx.DeltaPart(line, 0, 1<<20)
			var opened [2]*vulnindex.Index
			for i, revision := range []uint64{9, 10} {
				x, err := vulnindex.Open(files[revision], s.pub)
				if err != nil {
					return err
				}
				opened[i] = x
			}
			next, err4 := vulnindex.Apply(opened[0], text, s.pub)
			if !bytes.Equal(next, files[10]) {
				t.Error("the delta that is kept leads elsewhere")
			}
			return errors.Join(err, err2, err3, err4)
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// The list of forbidden software is offered to every host that has an older one, by trusted keys only and never backwards.
func TestPublishBanned(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s, stranger := newSigner(t), newSigner(t)
		if err := dispatch.Trust(t.Context(), st, s.pub.String(), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		list := func(s signer, revision uint64) []byte {
			l := &banned.List{Schema: banned.Schema, Revision: revision, Source: "Fictitious order", AsOf: storetest.Now.AddDate(0, 0, int(revision)),
				Entries: []banned.Entry{{ID: "X-1", Name: "BadSoft", Packages: []string{"badsoft*"}}}}
			var out bytes.Buffer
			if err := banned.Write(&out, l, s.priv); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}
		for _, c := range []struct {
			name string
			data []byte
			to   string
			want error
		}{
			{"unsigned", list(stranger, 3), "", banned.ErrUnsigned},
			{"no-revision", list(s, 0), "", dispatch.ErrNoRevision},
			{"one-recipient", list(s, 3), "r-1", dispatch.ErrForAll},
			{"good", list(s, 3), "", nil},
			{"good-again", list(s, 3), "", nil},
			{"older", list(s, 2), "", bundle.ErrOlder},
		} {
			if _, err := dispatch.Publish(t.Context(), st, c.data, c.to, "test", storetest.Now); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
		for has, want := range map[uint64]int{0: 1, 2: 1, 3: 0, 4: 0} {
			if d := told(t, st, store.Host{OS: "openwrt 23.05"}, &vymirv1.CheckInRequest{BannedRevision: has}); len(d.Offers) != want {
				t.Errorf("a host that has %d is offered %v", has, d.Offers)
			}
		}
	})
}

func TestDirectives(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		recipients(t, st)
		h := store.Host{ID: "h-1", RecipientID: "r-1", SPKI: []byte("k"), Measured: storetest.Now}
		if err := st.Tx(t.Context(), func(tx *store.Tx) error {
			if err := tx.PutSite(store.Site{ID: "s-1", RecipientID: "r-1", NameUK: "Корпус", Created: storetest.Now}); err != nil {
				return err
			}
			h.SiteID = "s-1"
			return tx.AddHost(h)
		}); err != nil {
			t.Fatal(err)
		}
		set := func(s dispatch.Scope, c dispatch.Change, at time.Time) error {
			return dispatch.Set(t.Context(), st, s, c, "test", at)
		}
		hours := func(n int) *time.Duration { d := time.Duration(n) * time.Hour; return &d }
		for name, c := range map[string]struct {
			scope  dispatch.Scope
			change dispatch.Change
			want   error
		}{
			"too-often":  {dispatch.Scope{}, dispatch.Change{Interval: new(time.Duration(time.Second))}, dispatch.ErrDirective},
			"too-seldom": {dispatch.Scope{}, dispatch.Change{Interval: hours(25)}, dispatch.ErrDirective},
			"no-field":   {dispatch.Scope{}, dispatch.Change{Withhold: &[]string{"everything"}}, dispatch.ErrDirective},
			"line-break": {dispatch.Scope{}, dispatch.Change{Withhold: &[]string{"params.x\nos"}}, dispatch.ErrDirective},
			"no-host":    {dispatch.Scope{Host: "h-9"}, dispatch.Change{Measure: true}, store.ErrNotFound},
			"nobody":     {dispatch.Scope{Recipient: "r-9"}, dispatch.Change{Measure: true}, store.ErrNotFound},
		} {
			if err := set(c.scope, c.change, storetest.Now); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		if err := errors.Join(
			set(dispatch.Scope{}, dispatch.Change{Interval: hours(2), Withhold: &[]string{"os"}}, storetest.Now),
			set(dispatch.Scope{Recipient: "r-1"}, dispatch.Change{Interval: hours(3), Withhold: &[]string{"evidence", "os"}}, storetest.Now),
			set(dispatch.Scope{Host: "h-1"}, dispatch.Change{Measure: true}, storetest.Now.Add(time.Minute)),
		); err != nil {
			t.Fatal(err)
		}
		d := told(t, st, h, nil)
		if d.IntervalS != 3*3600 || strings.Join(d.Withhold, " ") != "evidence os" || !d.MeasureNow {
			t.Errorf("told %v", d)
		}
		h.Measured = storetest.Now.Add(2 * time.Minute)
		if d := told(t, st, h, nil); d.MeasureNow {
			t.Error("asked again after it measured")
		}
		if d := told(t, st, store.Host{ID: "h-2", RecipientID: "r-2"}, nil); d.IntervalS != 2*3600 || strings.Join(d.Withhold, " ") != "os" || d.MeasureNow {
			t.Errorf("another host is told %v", d)
		}
		if err := set(dispatch.Scope{Recipient: "r-1"}, dispatch.Change{Interval: hours(0), Withhold: &[]string{}}, storetest.Now); err != nil {
			t.Fatal(err)
		}
		if d := told(t, st, h, nil); d.IntervalS != 2*3600 || strings.Join(d.Withhold, " ") != "os" {
			t.Errorf("after the wish was taken back: %v", d)
		}
	})
}
