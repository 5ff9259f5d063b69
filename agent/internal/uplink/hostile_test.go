package uplink

import (
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// TestDirectiveFlood has a server that was taken over send as many directives as a message holds: the host keeps the few that it
// would follow, and reports on.
func TestDirectiveFlood(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess()
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		d := &vymirv1.Directives{IntervalS: 1, MeasureNow: true}
		for range 20_000 {
			d.Withhold = append(d.Withhold, "os")
			d.Offers = append(d.Offers, &vymirv1.Offer{Kind: wire.KindBundle, Name: strings.Repeat("x", 50), Revision: 1, Size: 1, Digest: make([]byte, 32)})
		}
		resp.Directives, resp.RetryAfterS = d, 0
		return nil
	}
	b.checkIn()
	b.wantStored(1)
	if st := b.up.State(); len(st.Withhold) > 64 || len(b.up.offers) > wire.MaxOffers {
		t.Errorf("%d fields to withhold, %d offers are kept", len(st.Withhold), len(b.up.offers))
	}
	// More than a message may hold is refused, the report stays stored once, and a server that is itself again finds the host well.
	b.assess()
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		d := &vymirv1.Directives{}
		for range 1 << 18 {
			d.Offers = append(d.Offers, &vymirv1.Offer{})
		}
		resp.Directives = d
		return nil
	}
	if _, err := b.up.CheckIn(t.Context(), false); err == nil {
		t.Error("a quarter of a million offers were taken")
	}
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		resp.RetryAfterS = 1<<32 - 1
		return nil
	}
	if out := b.checkIn(); out.RetryAfter > 7*24*time.Hour {
		t.Errorf("it would stay away for %s", out.RetryAfter)
	}
	b.wantStored(1, 2)
}
