package uplink

import (
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// TestLossesAreTold spoils one waiting item on the disk and lets the bound drop others: the next check-in tells how many, and one without a
// loss spends no byte on it.
func TestLossesAreTold(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	var told *vymirv1.CheckInRequest
	b.server.Respond = func(req *vymirv1.CheckInRequest, _ *vymirv1.CheckInResponse) error {
		told = req
		return nil
	}
	b.checkIn()
	if d, lost := proto.Size(told), told.DroppedItems+told.DamagedItems; lost != 0 || d != proto.Size(&vymirv1.CheckInRequest{
		WireVersion: told.WireVersion, NowMs: told.NowMs, AgentVersion: told.AgentVersion, Meter: told.Meter,
	}) {
		t.Errorf("without a loss %d bytes tell of %d", d, lost)
	}
	for range 5 {
		b.assess()
	}
	b.outbox.Close() //nolint:errcheck // opened again
	items, err := filepath.Glob(b.dir + "/outbox/*.item")
	if err != nil || len(items) != 5 {
		t.Fatalf("%d items: %v", len(items), err)
	}
	raw, err := os.ReadFile(items[2])
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 0x40
	if err := os.WriteFile(items[2], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	bounded, err := spool.Open(b.dir+"/outbox", spool.Options{MaxItems: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bounded.Close() }) //nolint:errcheck // a test's outbox
	b.outbox = bounded
	b.assess()
	b.restart()
	b.checkIn()
	if st := b.outbox.Stats(); st.Dropped == 0 || st.Damaged != 1 || told.DroppedItems != st.Dropped || told.DamagedItems != 1 {
		t.Errorf("told of %d dropped and %d damaged, the outbox counts %+v", told.DroppedItems, told.DamagedItems, st)
	}
}
