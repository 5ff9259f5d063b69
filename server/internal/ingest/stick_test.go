package ingest_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// stick seals items of a host as its agent does.
func (s *server) stick(t *testing.T, a *agent, id string, items ...*vymirv1.Item) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := wire.Seal(&b, s.ca.ExportRecipient(), &vymirv1.ExportBody{HostId: id, Items: items}, a.key, a.cert.Certificate); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestStick(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := start(t, st, nil)
		a := s.enrol(t, wire.TCP)
		im := ingest.NewImporter(st, s.ca, &controls.Book{}, nil)
		t0 := time.Now().Add(-48 * time.Hour)
		old, newer := sample(1, t0), sample(controlCount+1, t0.Add(24*time.Hour))
		// The first comes by stick, the third over the network, the second by stick after it.
		got, err := im.Import(t.Context(), bytes.NewReader(s.stick(t, a, a.id, full(1, old))), "cli:test", time.Now())
		if err != nil || got.Stored != 1 || got.Acknowledged != 1 {
			t.Fatalf("first stick: %+v, %v", got, err)
		}
		a.send(t, full(3, newer))
		late := s.stick(t, a, a.id, full(1, old), full(2, sample(1, t0.Add(time.Hour))), full(3, newer))
		if got, err = im.Import(t.Context(), bytes.NewReader(late), "cli:test", time.Now()); err != nil || got.Stored != 1 || len(got.Refused) != 0 {
			t.Errorf("late stick: %+v, %v", got, err)
		}
		if n := s.findings(t, a.id, review.Closed); n != controlCount {
			t.Errorf("%d findings are closed after an old file came, want %d", n, controlCount)
		}
		if got, err = im.Import(t.Context(), bytes.NewReader(late), "cli:test", time.Now()); err != nil || got.Stored != 0 {
			t.Errorf("the same stick again: %+v, %v", got, err)
		}
	})
}

func TestStickRefused(t *testing.T) {
	s, other := start(t, storetest.New(t), nil), start(t, storetest.New(t), nil)
	a, b := s.enrol(t, wire.TCP), s.enrol(t, wire.TCP)
	im := ingest.NewImporter(s.st, s.ca, &controls.Book{}, nil)
	item := full(1, sample(5, time.Now()))
	good := s.stick(t, a, a.id, item)
	forged := *a
	forged.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"other-server", other.stick(t, a, a.id, item), wire.ErrSealed},
		{"others-host", s.stick(t, b, a.id, item), enrol.ErrHostUnknown},
		{"other-key", s.stick(t, &forged, a.id, item), wire.ErrSealed},
		{"cut", good[:len(good)/2], wire.ErrSealed},
		{"empty", nil, wire.ErrSealed},
		{"descending", s.stick(t, a, a.id, full(2, sample(5, time.Now())), item), wire.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := im.Import(t.Context(), bytes.NewReader(c.file), "cli:test", time.Now()); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if err := s.enroller.Revoke(t.Context(), a.id, "stolen", "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := im.Import(t.Context(), bytes.NewReader(good), "cli:test", time.Now()); !errors.Is(err, enrol.ErrHostRevoked) {
		t.Errorf("stick of a revoked host: %v", err)
	}
	if n := s.findings(t, a.id, ""); n != 0 {
		t.Errorf("%d findings were stored", n)
	}
}
