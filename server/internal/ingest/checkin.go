package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/limit"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// maxSequence bounds sequences to what every engine stores and every reader of JSON understands.
const maxSequence = 1 << 53

// clockNoise is the skew below which a host's clock is taken for right.
const clockNoise = 10 * time.Second

// earliest is the oldest time of measuring that is believed; hosts with an empty clock battery start in 1970.
var earliest = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// delivery is one item made ready outside the transaction.
type delivery struct {
	item   *vymirv1.Item
	digest [32]byte
	packed []byte
	bad    error // why it will never be taken; nil: it may
}

// receiver stores what hosts deliver.
type receiver struct {
	store  *store.Store
	book   *controls.Book
	judge  Judge // nil: facts are not taken
	stats  *Stats
	volume *limit.Keyed // KiB stored per host
	board  *dispatch.Board
	ca     *enrol.CA
}

// Judge evaluates facts that thin appliances send, with the same baselines that fuller agents carry.
type Judge interface {
	Judge(ctx context.Context, factsJSON []byte, now time.Time) (*assessment.Assessment, error)
}

// prepare checks and packs the items of a request. An error means that the request as a whole is malformed.
func prepare(req *vymirv1.CheckInRequest) ([]delivery, error) {
	if len(req.Items) > wire.MaxItems {
		return nil, fmt.Errorf("%d items, at most %d are taken at once: %w", len(req.Items), wire.MaxItems, wire.ErrTooLarge)
	}
	out := make([]delivery, 0, len(req.Items))
	last := uint64(0)
	for _, it := range req.Items {
		if it.GetSequence() <= last || it.GetSequence() > maxSequence {
			return nil, fmt.Errorf("sequence %d after %d: %w", it.GetSequence(), last, wire.ErrMalformed)
		}
		last = it.Sequence
		d := delivery{item: it, bad: wire.CheckItem(it)}
		if d.bad == nil {
			var err error
			var e encoded
			if e, err = encode(it); err != nil {
				d.bad = fmt.Errorf("item %d: %w: %w", it.Sequence, wire.ErrMalformed, err)
			} else {
				d.packed, d.digest = e.pack(), e.digest
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// judgeFacts evaluates what thin agents sent, outside the transaction. What cannot be judged is left out.
func (r *receiver) judgeFacts(ctx context.Context, items []delivery, now time.Time) map[uint64]*vymirv1.Assessment {
	out := map[uint64]*vymirv1.Assessment{}
	for _, d := range items {
		if d.bad != nil || d.item.GetFacts() == nil || r.judge == nil {
			continue
		}
		a, err := r.judgeOne(ctx, d.item.GetFacts(), now)
		if err != nil {
			continue // its refusal says so
		}
		out[d.item.Sequence] = a
	}
	return out
}

func (r *receiver) judgeOne(ctx context.Context, packed []byte, now time.Time) (*vymirv1.Assessment, error) {
	facts, err := wire.Decompress(packed, wire.MaxFactsBytes)
	if err != nil {
		return nil, err
	}
	a, err := r.judge.Judge(ctx, facts, now)
	if err != nil {
		return nil, err
	}
	return wire.Encode(a)
}

// checkIn is the state of one check-in inside its transaction.
type checkIn struct {
	*receiver
	tx   *store.Tx
	host store.Host
	skew time.Duration // zero when it is noise
	now  time.Time
	resp *vymirv1.CheckInResponse

	base     *vymirv1.Assessment // the host's state, read when first needed
	encoded  encoded             // of base
	baseRead bool
	baseSeq  uint64
	dirty    bool // base is newer than the stored state
}

// receive stores the deliveries of a host, in order, and says in the answer what became of each.
func (r *receiver) receive(tx *store.Tx, id, protocol string, req *vymirv1.CheckInRequest, items []delivery, judged map[uint64]*vymirv1.Assessment, now time.Time) (*vymirv1.CheckInResponse, error) {
	h, err := tx.LockHost(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, enrol.ErrHostUnknown
	} else if err != nil {
		return nil, err
	}
	if !h.Revoked.IsZero() {
		return nil, enrol.ErrHostRevoked
	}
	c := &checkIn{receiver: r, tx: tx, host: h, now: now, resp: &vymirv1.CheckInResponse{ServerTimeMs: now.UnixMilli()}}
	if protocol != byStick { // a file says nothing of the host's line and clock now
		c.host.Protocol = protocol
		c.greet(req)
	}
	for i := range items {
		goOn, err := c.take(&items[i], judged[items[i].item.Sequence])
		if err != nil {
			return nil, fmt.Errorf("item %d of host %s: %w", items[i].item.Sequence, id, err)
		}
		if !goOn {
			break
		}
	}
	if err := c.finish(req); err != nil {
		return nil, err
	}
	return c.resp, nil
}

// greet notes what the request says of the host itself.
func (c *checkIn) greet(req *vymirv1.CheckInRequest) {
	h := &c.host
	h.LastSeen = c.now.UTC()
	if req.NowMs != 0 {
		h.Skew = bounded(time.UnixMilli(req.NowMs).Sub(c.now))
		if h.Skew > clockNoise || h.Skew < -clockNoise {
			c.skew = h.Skew
		}
	}
	if v := enrol.Clean(req.AgentVersion); v != "" {
		h.AgentVersion = v
	}
	h.DroppedItems, h.DamagedItems = min(req.DroppedItems, maxSequence), min(req.DamagedItems, maxSequence)
	if m := req.Meter; m != nil {
		h.SentBytes, h.ReceivedBytes = min(m.SentBytesMonth, maxSequence), min(m.ReceivedBytesMonth, maxSequence)
	}
}

// bounded keeps a skew within what a duration of milliseconds holds everywhere.
func bounded(d time.Duration) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	return max(-most, min(most, d))
}

// take handles one item; goOn false ends the check-in before it, and the item comes again.
func (c *checkIn) take(d *delivery, judged *vymirv1.Assessment) (goOn bool, err error) {
	it := d.item
	if it.Sequence <= c.host.LastSequence {
		return true, c.repeated(d)
	}
	if d.bad != nil {
		code := wire.RefusedMalformed
		if errors.Is(d.bad, wire.ErrTooLarge) {
			code = wire.RefusedTooLarge
		}
		return c.refuse(it.Sequence, code, d.bad, true), nil
	}
	var next *vymirv1.Assessment
	kind := store.KindFull
	switch body := it.Body.(type) {
	case *vymirv1.Item_Assessment:
		next = body.Assessment
	case *vymirv1.Item_Delta:
		kind = store.KindDelta
		if err := c.readBase(); err != nil {
			return false, err
		}
		if body.Delta.BaseSequence != c.baseSeq {
			return c.needFull(it.Sequence), nil
		}
		next, err = wire.ApplyTo(c.base, c.encoded.digest[:], body.Delta)
		if errors.Is(err, wire.ErrBase) {
			return c.needFull(it.Sequence), nil
		} else if err != nil {
			return c.refuse(it.Sequence, wire.RefusedMalformed, err, true), nil
		}
	case *vymirv1.Item_Facts:
		kind = store.KindFacts
		if next = judged; next == nil {
			return c.refuse(it.Sequence, wire.RefusedMalformed, errors.New("the facts could not be judged here"), true), nil
		}
	}
	return c.keep(d, kind, next)
}

// repeated looks at an item whose sequence was dealt with before. The same content is the usual repeat of a lost
// answer, or a stick that comes after the network did; other content means that two machines share one key, or that
// a disk was rolled back. A sequence that was never stored is kept for the record and changes nothing of today.
func (c *checkIn) repeated(d *delivery) error {
	c.stats.Repeated.Add(1)
	kept, err := c.tx.AssessmentLine(c.host.ID, d.item.Sequence)
	if errors.Is(err, store.ErrNotFound) {
		return c.late(d)
	} else if err != nil {
		return err
	}
	if d.bad != nil || bytes.Equal(kept.ItemDigest, d.digest[:]) {
		return nil
	}
	full := d.item.GetAssessment()
	if full != nil {
		digest, err := wire.Digest(full)
		if err == nil && bytes.Equal(kept.StateDigest, digest) {
			return nil
		}
	}
	if full == nil && kept.Created.Equal(plausible(d.item.CreatedMs)) {
		return nil // a delta may be made from another base each time: it is told by when its item was written
	}
	c.host.Conflicts++
	if c.host.Conflicts == 1 {
		if err := c.tx.Audit(store.Entry{At: c.now, Actor: "host:" + c.host.ID, Action: "host.conflict", Object: "host:" + c.host.ID, RecipientID: c.host.RecipientID,
			Detail: fmt.Sprintf(`{"sequence": %d}`, d.item.Sequence)}); err != nil {
			return err
		}
	}
	c.refuse(d.item.Sequence, wire.RefusedStale, errors.New("the sequence was delivered before with other content: this host's state was copied or rolled back"), true)
	return nil
}

// late stores a full assessment that comes after newer ones, by stick or from an outbox that was thought lost.
func (c *checkIn) late(d *delivery) error {
	full := d.item.GetAssessment()
	if d.bad != nil || full == nil || enrol.Clean(full.BundleName) != full.BundleName {
		return nil
	}
	_, err := c.book.Catalogue(c.tx, full.BundleName, full.BundleRevision, full.BundleDigest)
	if errors.Is(err, controls.ErrUnknownBundle) {
		return nil
	} else if err != nil {
		return err
	}
	if ok, _ := c.volume.AllowN(c.host.ID, 1+len(d.packed)/1024, c.now); !ok {
		return nil
	}
	digest, err := wire.Digest(full)
	if err != nil {
		return nil
	}
	c.stats.Stored.Add(1)
	return c.tx.AddAssessment(c.line(d, store.KindFull, full, digest))
}

// line is an item as it is stored.
func (c *checkIn) line(d *delivery, kind string, next *vymirv1.Assessment, digest []byte) store.Assessment {
	return store.Assessment{
		HostID: c.host.ID, Sequence: d.item.Sequence, Kind: kind, Created: plausible(d.item.CreatedMs), Measured: c.measured(next.MeasuredMs), Received: c.now.UTC(),
		BundleName: next.BundleName, BundleRevision: next.BundleRevision, BaseSequence: d.item.GetDelta().GetBaseSequence(),
		ItemDigest: d.digest[:], StateDigest: digest, Payload: d.packed,
	}
}

// refuse answers an item that is not taken. A permanent refusal is dealt with for good and the next item follows.
func (c *checkIn) refuse(sequence uint64, code string, why error, permanent bool) (goOn bool) {
	c.stats.Refused.Add(1)
	c.resp.Refused = append(c.resp.Refused, &vymirv1.Refusal{Sequence: sequence, Code: code, Detail: enrol.Clean(why.Error()), Permanent: permanent})
	if permanent {
		c.host.LastSequence = max(c.host.LastSequence, sequence)
	}
	return permanent
}

func (c *checkIn) needFull(sequence uint64) (goOn bool) {
	c.stats.NeedFull.Add(1)
	c.resp.NeedFullFrom = sequence
	return false
}

// keep stores an item and derives from the host's new state what follows.
func (c *checkIn) keep(d *delivery, kind string, next *vymirv1.Assessment) (goOn bool, err error) {
	it := d.item
	if enrol.Clean(next.BundleName) != next.BundleName {
		return c.refuse(it.Sequence, wire.RefusedMalformed, errors.New("the bundle's name holds control characters"), true), nil
	}
	if ok, wait := c.volume.AllowN(c.host.ID, 1+len(d.packed)/1024, c.now); !ok {
		c.resp.RetryAfterS = uint32(min(wait/time.Second+1, 3600))
		return false, nil
	}
	catalogue, err := c.book.Catalogue(c.tx, next.BundleName, next.BundleRevision, next.BundleDigest)
	if errors.Is(err, controls.ErrUnknownBundle) {
		return c.refuse(it.Sequence, wire.RefusedUnknownBundle, err, false), nil
	} else if err != nil {
		return false, err
	}
	if err := c.readBase(); err != nil {
		return false, err
	}
	measured := c.inOrder(c.measured(next.MeasuredMs))
	change, err := c.difference(next, controls.Lookup(catalogue))
	if errors.Is(err, wire.ErrMalformed) {
		return c.refuse(it.Sequence, wire.RefusedMalformed, err, true), nil
	} else if err != nil {
		return false, err
	}
	state, err := encode(next)
	if err != nil {
		return c.refuse(it.Sequence, wire.RefusedMalformed, err, true), nil
	}
	line := c.line(d, kind, next, state.digest[:])
	line.Measured = measured
	if err := c.tx.AddAssessment(line); err != nil {
		return false, err
	}
	h := &c.host
	h.LastSequence, h.Measured, h.BundleName, h.BundleRevision = it.Sequence, measured, next.BundleName, next.BundleRevision
	h.Name, h.OS = enrol.Clean(next.Host.GetName()), enrol.Clean(next.Host.GetOs())
	h.Role, h.Kernel = enrol.Clean(next.Host.GetRole()), enrol.Clean(next.Host.GetKernel())
	h.Exposure = assessment.ParseExposure(next.Host.GetExposure())
	h.Summary = count(next)
	change.Host, change.Measured, change.Received = *h, measured, c.now.UTC()
	change.Bundle = assessment.BundleRef{Name: next.BundleName, Revision: next.BundleRevision}
	if err := c.tx.Observe(change); err != nil {
		return false, err
	}
	c.base, c.encoded, c.baseSeq, c.dirty = next, state, it.Sequence, true
	c.stats.Stored.Add(1)
	return true, nil
}

// measured corrects the host's time of measuring.
func (c *checkIn) measured(ms int64) time.Time {
	m := review.MeasuredAt(time.UnixMilli(ms), c.now, c.skew)
	if m.Before(earliest) {
		m = earliest
	}
	return m.UTC()
}

// inOrder keeps the times of a host's measurements in the order of its sequence, which no clock disturbs: a clock that was set back between two
// of them, long before this check-in, is not known by its skew now. What is in front of the server's own clock binds nobody.
func (c *checkIn) inOrder(measured time.Time) time.Time {
	if before := c.host.Measured; !measured.After(before) && !before.After(c.now) {
		return before.Add(time.Millisecond).UTC()
	}
	return measured
}

// plausible keeps a time for the record unless it is absurd.
func plausible(ms int64) time.Time {
	if t := time.UnixMilli(ms).UTC(); t.Year() >= 1970 && t.Year() < 2200 {
		return t
	}
	return time.Time{}
}

func (c *checkIn) readBase() error {
	if c.baseRead {
		return nil
	}
	c.baseRead = true
	s, err := c.tx.State(c.host.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	c.baseSeq = s.Sequence
	c.base, c.encoded, err = unpackState(s.Payload)
	return err
}

// difference says which results of next differ from the host's state and which controls are gone.
func (c *checkIn) difference(next *vymirv1.Assessment, look func(uint32) (wire.Control, bool)) (store.Change, error) {
	var change store.Change
	old := map[uint32]*vymirv1.Result{}
	sameBundle := c.base != nil && c.base.BundleName == next.BundleName && c.base.BundleRevision == next.BundleRevision && bytes.Equal(c.base.BundleDigest, next.BundleDigest)
	if sameBundle {
		for _, r := range c.base.Results {
			old[r.Control] = r
		}
	}
	lean := &vymirv1.Assessment{}
	for _, r := range next.Results {
		if b := old[r.Control]; b == nil || !wire.SameResult(b, r) {
			lean.Results = append(lean.Results, r)
		}
		delete(old, r.Control)
	}
	decoded, err := wire.Decode(lean, look)
	if err != nil {
		return change, err
	}
	change.Results = decoded.Results
	if sameBundle {
		for n := range old {
			k, ok := look(n)
			if !ok {
				return change, fmt.Errorf("control number %d of the stored state is not in its bundle", n)
			}
			change.Removed = append(change.Removed, k.ID)
		}
		return change, nil
	}
	// Another bundle, or the first report: everything is new, and what was there and is not now is gone.
	now := make(map[string]bool, len(decoded.Results))
	for _, r := range decoded.Results {
		now[r.Control] = true
	}
	before, err := c.tx.Results(c.host.ID)
	if err != nil {
		return change, err
	}
	for _, r := range before {
		if !now[r.Control] {
			change.Removed = append(change.Removed, r.Control)
		}
	}
	return change, nil
}

func count(m *vymirv1.Assessment) (s assessment.Summary) {
	for _, r := range m.Results {
		switch r.Status {
		case vymirv1.Status_STATUS_PASS:
			s.Pass++
		case vymirv1.Status_STATUS_FAIL:
			s.Fail++
		case vymirv1.Status_STATUS_UNMEASURED:
			s.Unmeasured++
		case vymirv1.Status_STATUS_NOT_APPLICABLE:
			s.NotApplicable++
		default:
			s.Error++
		}
	}
	return s
}

// finish writes the host's record and its state, and closes the answer.
func (c *checkIn) finish(req *vymirv1.CheckInRequest) (err error) {
	c.resp.Acknowledged = c.host.LastSequence
	if c.dirty {
		if err := c.tx.PutState(store.State{HostID: c.host.ID, Sequence: c.baseSeq, Digest: c.encoded.digest[:], Payload: c.encoded.pack()}); err != nil {
			return err
		}
	}
	left := c.host.CertExpires.Sub(c.now)
	if c.resp.Directives, err = c.board.For(c.tx, c.host, req, c.now); err != nil {
		return err
	}
	c.resp.Directives.Renew = !c.host.CertExpires.IsZero() && (left < enrol.HostLife/3 || c.ca.Informs(enrol.Issued(c.host)))
	return c.tx.SaveCheckIn(c.host)
}
