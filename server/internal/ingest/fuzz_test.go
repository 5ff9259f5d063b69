package ingest_test

import (
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// FuzzCheckIn is a hostile enrolled agent: whatever it sends, it gets an answer that is not our own failure.
func FuzzCheckIn(f *testing.F) {
	s := start(f, storetest.New(f), func(o *ingest.Options) { o.Limits.PerHost = 1 << 30 })
	a := s.enrol(f, wire.TCP)
	base := sample(5, time.Now())
	for _, m := range []*vymirv1.CheckInRequest{
		{Items: []*vymirv1.Item{full(1, base)}},
		{Items: []*vymirv1.Item{full(2, base), delta(f, 3, 2, base, sample(7, time.Now()))}, NowMs: -1 << 60, AgentVersion: "\x00"},
		{Items: []*vymirv1.Item{{Sequence: 4, Body: &vymirv1.Item_Facts{Facts: []byte("x")}}}, DroppedItems: 1 << 63},
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m vymirv1.CheckInRequest
		if proto.Unmarshal(b, &m) != nil {
			return
		}
		m.WireVersion, m.HostId = wire.Version, ""
		_, err := a.CheckIn(t.Context(), connect.NewRequest(&m))
		switch connect.CodeOf(err) {
		case connect.CodeUnavailable, connect.CodeInternal:
			t.Errorf("our own failure: %v", err)
		}
	})
}
