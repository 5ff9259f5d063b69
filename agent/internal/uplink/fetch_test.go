package uplink

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// offering makes a server that offers one file of five parts, and a host that takes such.
func offering(t *testing.T) (*bench, []byte, *vymirv1.Offer) {
	t.Helper()
	b := setUp(t, fakeserver.Options{})
	file := make([]byte, 4*wire.MaxFetchBytes+1000)
	rand.Read(file)
	o := fakeserver.Offer(wire.KindBundle, "vymir", 7, file)
	b.server.Files = map[string][]byte{wire.KindBundle: file}
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		resp.Directives = &vymirv1.Directives{Offers: []*vymirv1.Offer{o}}
		return nil
	}
	b.restart()
	b.up.o.Kinds = []string{wire.KindBundle}
	return b, file, o
}

func TestFetchGoesOnWhereItStopped(t *testing.T) {
	b, file, _ := offering(t)
	b.server.FetchErr = func(req *vymirv1.FetchRequest, _ *vymirv1.FetchResponse) error {
		if req.Offset >= 2*wire.MaxFetchBytes {
			return connect.NewError(connect.CodeUnavailable, errors.New("the link is down"))
		}
		return nil
	}
	if out := b.checkIn(); out.FetchError == nil || len(out.Fetched) != 0 {
		t.Fatalf("interrupted: %+v", out)
	}
	if _, err := pack.Open(b.dir, wire.KindBundle).Next(); err == nil {
		t.Error("a part counts as the whole")
	}
	b.server.FetchErr, b.server.Fetches = nil, nil
	b.restart() // also of the program
	b.up.o.Kinds = []string{wire.KindBundle}
	if out := b.checkIn(); out.FetchError != nil || len(out.Fetched) != 1 {
		t.Fatalf("resumed: %+v", out)
	}
	if n := len(b.server.Fetches); n != 3 || b.server.Fetches[0].Offset != 2*wire.MaxFetchBytes {
		t.Errorf("%d parts were asked for, from %d", n, b.server.Fetches[0].Offset)
	}
	got, err := pack.Open(b.dir, wire.KindBundle).Next()
	if err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes came of %d, %v", len(got), len(file), err)
	}
	b.server.Fetches = nil
	if out := b.checkIn(); len(b.server.Fetches) != 0 || len(out.Fetched) != 0 {
		t.Errorf("what waits to be tried was fetched again: %+v", out)
	}
}

func TestFetchFaults(t *testing.T) {
	for name, c := range map[string]struct {
		offer func(*vymirv1.Offer)
		fetch func(*vymirv1.FetchRequest, *vymirv1.FetchResponse) error
		want  error
		asked bool
	}{
		"too-large":    {offer: func(o *vymirv1.Offer) { o.Size = wire.MaxBundleBytes + 1 }, want: pack.ErrOffer},
		"no-digest":    {offer: func(o *vymirv1.Offer) { o.Digest = nil }, want: pack.ErrOffer},
		"no-name":      {offer: func(o *vymirv1.Offer) { o.Name = "" }, want: pack.ErrOffer},
		"no-revision":  {offer: func(o *vymirv1.Offer) { o.Revision = 0 }, want: pack.ErrOffer},
		"unknown-kind": {offer: func(o *vymirv1.Offer) { o.Kind = "program" }},
		"other-bytes":  {offer: func(o *vymirv1.Offer) { o.Digest[0]++ }, want: pack.ErrContent, asked: true},
		"flipped-bit": {fetch: func(_ *vymirv1.FetchRequest, r *vymirv1.FetchResponse) error {
			r.Data = bytes.Clone(r.Data)
			r.Data[0] ^= 1
			return nil
		}, want: pack.ErrContent, asked: true},
		"nothing": {fetch: func(_ *vymirv1.FetchRequest, r *vymirv1.FetchResponse) error {
			r.Data = nil
			return nil
		}, want: pack.ErrContent, asked: true},
		"more-than-asked": {fetch: func(_ *vymirv1.FetchRequest, r *vymirv1.FetchResponse) error {
			r.Data = make([]byte, 3<<20)
			return nil
		}, want: pack.ErrContent, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			b, _, o := offering(t)
			if c.offer != nil {
				c.offer(o)
			}
			b.server.FetchErr = c.fetch
			b.assess()
			out := b.checkIn()
			if !errors.Is(out.FetchError, c.want) || len(out.Fetched) != 0 {
				t.Errorf("outcome %+v, want %v", out, c.want)
			}
			if asked := len(b.server.Fetches) > 0; asked != c.asked {
				t.Errorf("asked for parts: %t", asked)
			}
			if _, err := pack.Open(b.dir, wire.KindBundle).Next(); err == nil {
				t.Error("it was kept")
			}
			b.wantStored(1) // the report itself did not suffer
		})
	}
}

func TestNoFetchOverTheBudget(t *testing.T) {
	b, _, _ := offering(t)
	if out, err := b.up.CheckIn(t.Context(), true); err != nil || len(out.Fetched) != 0 || len(b.server.Fetches) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestAnotherOfferInMidTransfer: what came of the first is not mixed into the second.
func TestAnotherOfferInMidTransfer(t *testing.T) {
	b, _, o := offering(t)
	b.server.FetchErr = func(req *vymirv1.FetchRequest, _ *vymirv1.FetchResponse) error {
		if req.Offset > 0 {
			return connect.NewError(connect.CodeUnavailable, errors.New("the link is down"))
		}
		return nil
	}
	b.checkIn()
	second := []byte("another file")
	next := fakeserver.Offer(wire.KindBundle, "vymir", 8, second)
	o.Revision, o.Size, o.Digest = next.Revision, next.Size, next.Digest
	b.server.Files[wire.KindBundle] = second
	if out := b.checkIn(); out.FetchError != nil {
		t.Fatal(out.FetchError)
	}
	if got, err := pack.Open(b.dir, wire.KindBundle).Next(); err != nil || !bytes.Equal(got, second) {
		t.Errorf("got %q, %v", got, err)
	}
}
