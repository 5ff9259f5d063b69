package ingest_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestAnswer: what goes back to a host on a stick is whole, numbered upwards, for its host or site alone, and brings a certificate only
// when one is due.
func TestAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := start(t, st, nil)
		a, b := s.enrol(t, wire.TCP), s.enrol(t, wire.TCP)
		im := ingest.NewImporter(st, s.ca, &controls.Book{}, nil)
		now := time.Now()
		key, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		answer := func(to ingest.AnswerTo, now time.Time, want error) *vymirv1.AnswerBody {
			t.Helper()
			var file bytes.Buffer
			got, err := im.Answer(t.Context(), &file, to, "cli:test", now)
			if !errors.Is(err, want) {
				t.Fatalf("answer: %+v, %v, want %v", got, err, want)
			}
			if want != nil {
				return nil
			}
			body, err := wire.UnsealAnswer(&file, key, a.roots, now)
			if err != nil {
				t.Fatal(err)
			}
			return body
		}
		answer(ingest.AnswerTo{Host: a.id}, now, ingest.ErrNoStick)
		answer(ingest.AnswerTo{Site: "s-1"}, now, ingest.ErrNoStick)
		answer(ingest.AnswerTo{Host: "h-none"}, now, store.ErrNotFound)

		// An agent that takes no answers is imported all the same.
		if _, err := im.Import(t.Context(), bytes.NewReader(s.stick(t, b, b.id, full(1, sample(5, now)))), "cli:test", now); err != nil {
			t.Fatal(err)
		}
		var stick bytes.Buffer
		bad := full(2, sample(5, now))
		bad.GetAssessment().BundleRevision = 99
		export := &vymirv1.ExportBody{HostId: a.id, AnswerRecipient: key.Recipient().String(), Items: []*vymirv1.Item{full(1, sample(5, now)), bad}}
		if err := wire.Seal(&stick, s.ca.ExportRecipient(), export, a.key, a.cert.Certificate); err != nil {
			t.Fatal(err)
		}
		if _, err := im.Import(t.Context(), &stick, "cli:test", now); err != nil {
			t.Fatal(err)
		}
		first := answer(ingest.AnswerTo{Host: a.id}, now, nil).Hosts[0]
		if r := first.Response; r.Acknowledged != 1 || len(r.Refused) != 1 || r.Refused[0].Code != wire.RefusedUnknownBundle || r.Directives == nil {
			t.Errorf("answer says %v", r)
		}
		if len(first.Identity.GetCertificate()) != 0 || len(first.Identity.GetRoots()) == 0 {
			t.Error("a certificate that is not due, or no roots")
		}
		// Of the site only the host that asked; a clock that went back does not turn the numbers.
		site := answer(ingest.AnswerTo{Site: "s-1"}, now.Add(-time.Minute), nil)
		if len(site.Hosts) != 1 || site.Hosts[0].Number <= first.Number {
			t.Errorf("answer to the site: %d hosts, number %d after %d", len(site.Hosts), site.Hosts[0].Number, first.Number)
		}
		late := answer(ingest.AnswerTo{Host: a.id}, now.Add(enrol.HostLife), nil).Hosts[0]
		if len(late.Identity.GetCertificate()) == 0 {
			t.Error("no certificate although the host's is over")
		}
		if err := s.enroller.Revoke(t.Context(), a.id, "stolen", "test"); err != nil {
			t.Fatal(err)
		}
		answer(ingest.AnswerTo{Host: a.id}, now, enrol.ErrHostRevoked)
		answer(ingest.AnswerTo{Site: "s-1"}, now, ingest.ErrNoStick)
	})
}
