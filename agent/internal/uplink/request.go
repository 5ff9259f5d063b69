package uplink

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// request gathers the oldest items, as deltas where a base is at hand; left says that some did not fit.
func (u *Uplink) request(onlyUrgent bool) (req *vymirv1.CheckInRequest, left bool, err error) {
	stats := u.o.Outbox.Stats()
	req = &vymirv1.CheckInRequest{
		WireVersion: wire.Version, NowMs: u.o.Now().UnixMilli(), AgentVersion: u.o.Version, DroppedItems: stats.Dropped, DamagedItems: stats.Damaged,
		Meter: &vymirv1.Meter{SentBytesMonth: u.state.Month.SentBytes, ReceivedBytesMonth: u.state.Month.ReceivedBytes},
	}
	if u.o.Bundle != nil {
		req.BundleRevision = u.o.Bundle()
	}
	req.VulnsRevision = u.revision(wire.KindVulns)
	req.BannedRevision = u.revision(wire.KindBanned)
	base, baseSequence := u.base()
	size := 0
	waits := u.o.Outbox.List()
	if onlyUrgent && !slices.ContainsFunc(waits, func(it spool.Item) bool { return it.Urgent }) {
		return req, false, nil // items go in order: with an urgent one goes what waits before it
	}
	for _, waiting := range waits {
		if len(req.Items) >= wire.MaxItems || size > 0 && size+waiting.Size > roundBytes {
			return req, true, nil
		}
		it, err := u.item(waiting.Sequence)
		if err != nil {
			if errors.Is(err, spool.ErrDamaged) {
				continue // counted by the outbox
			}
			return nil, false, err
		}
		full := it.GetAssessment()
		if full != nil && (u.fullFrom == 0 || it.Sequence > u.fullFrom) {
			if d, ok := wire.Diff(base, full, baseSequence); ok {
				it.Body = &vymirv1.Item_Delta{Delta: d}
			}
		}
		if it.GetDelta() == nil && u.budget.Short() && !u.urgentFrom(waits, it.Sequence) {
			return req, false, nil // what was lost on the way is sent anew when there is room, or with what is urgent
		}
		if full != nil {
			base, baseSequence = full, it.Sequence
		}
		size += proto.Size(it)
		req.Items = append(req.Items, it)
	}
	return req, false, nil
}

// revision is that of the artefact in force; 0: there is none, it was damaged, or this host takes none.
func (u *Uplink) revision(kind string) uint64 {
	f := pack.Open(u.o.StateDir, kind).State().InForce
	if f == nil || f.Damaged {
		return 0
	}
	return f.Revision
}

// urgentFrom reports whether an item from sequence on is urgent: items go in order, so what waits before it goes with it.
func (u *Uplink) urgentFrom(waits []spool.Item, sequence uint64) bool {
	return slices.ContainsFunc(waits, func(it spool.Item) bool { return it.Urgent && it.Sequence >= sequence })
}

// base gives the last acknowledged assessment, or nil.
func (u *Uplink) base() (*vymirv1.Assessment, uint64) {
	b, ok := u.o.Outbox.Base()
	if !ok {
		return nil, 0
	}
	var it vymirv1.Item
	if proto.Unmarshal(b.Payload, &it) != nil || it.GetAssessment() == nil {
		return nil, 0
	}
	return it.GetAssessment(), b.Sequence
}

// item reads a waiting item. One whose content cannot be understood is discarded and counted.
func (u *Uplink) item(sequence uint64) (*vymirv1.Item, error) {
	w, err := u.o.Outbox.Read(sequence)
	if err != nil {
		return nil, err
	}
	var it vymirv1.Item
	if err := proto.Unmarshal(w.Payload, &it); err != nil {
		u.o.Outbox.Discard(sequence) //nolint:errcheck // discarded again next time
		return nil, fmt.Errorf("read item %d: %w", sequence, spool.ErrDamaged)
	}
	it.Sequence, it.CreatedMs, it.Urgent = sequence, w.Created.UnixMilli(), w.Urgent
	return &it, nil
}
