package uplink

import (
	"fmt"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// take applies the server's answer.
func (u *Uplink) take(req *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse, out *Outcome) error {
	u.learnTime(resp.ServerTimeMs)
	u.takeDirectives(resp.Directives, out)
	if resp.RetryAfterS > 0 {
		out.RetryAfter = min(time.Duration(resp.RetryAfterS)*time.Second, 7*24*time.Hour)
	}
	if renumbered, err := u.settle(resp, out); err != nil || renumbered {
		return err
	}
	return u.takeNeedFull(req, resp.NeedFullFrom)
}

// settle applies what became of the outbox's items; renumbered says that the server knows more than this outbox, so that nothing
// else in the answer is about it.
func (u *Uplink) settle(resp *vymirv1.CheckInResponse, out *Outcome) (renumbered bool, err error) {
	stats := u.o.Outbox.Stats()
	if resp.Acknowledged > stats.Last {
		// The server knows numbers that we never gave: this outbox is an older copy.
		if resp.Acknowledged-stats.Last > 1<<32 {
			return false, fmt.Errorf("acknowledged %d of %d: %w", resp.Acknowledged, stats.Last, ErrProtocol)
		}
		u.o.Outbox.ForgetBase()
		return true, u.o.Outbox.Renumber(stats.Last, resp.Acknowledged)
	}
	stale := uint64(0)
	for _, r := range resp.Refused {
		out.Refused = append(out.Refused, Refusal{Sequence: r.Sequence, Code: r.Code, Detail: r.Detail, Permanent: r.Permanent})
		switch {
		case r.Code == wire.RefusedStale:
			stale = max(stale, r.Sequence)
		case r.Permanent:
			if err := u.o.Outbox.Discard(r.Sequence); err != nil {
				return false, err
			}
		}
	}
	if stale > 0 {
		// Another content was stored under our number: it goes again under a new one.
		u.o.Outbox.ForgetBase()
		if err := u.o.Outbox.Renumber(stale, resp.Acknowledged); err != nil {
			return false, err
		}
	}
	for _, it := range u.o.Outbox.List() {
		if it.Sequence <= resp.Acknowledged {
			out.Delivered++
		}
	}
	if err := u.o.Outbox.Acknowledge(resp.Acknowledged); err != nil {
		u.state.LastError = err.Error() // the server counts each item once, so going on is safe
	}
	return false, nil
}

// takeNeedFull notes from which item on the server lost the base. Asked for an item that went in full it has no base to miss.
func (u *Uplink) takeNeedFull(req *vymirv1.CheckInRequest, from uint64) error {
	u.fullFrom = from
	if from == 0 {
		return nil
	}
	u.o.Outbox.ForgetBase()
	for _, it := range req.Items {
		if it.Sequence == from && it.GetDelta() != nil {
			return nil
		}
	}
	return fmt.Errorf("asked for item %d in full, which went in full or was not sent: %w", from, ErrProtocol)
}

func (u *Uplink) learnTime(ms int64) {
	if ms <= 0 {
		return
	}
	told := time.UnixMilli(ms).UTC()
	if told.After(u.state.ServerTime) || u.state.floor().IsZero() {
		u.state.ServerTime = told
	}
	u.state.LastCheckIn = told
	u.state.SkewSeconds = told.Sub(u.o.Now()).Seconds()
	u.state.Anchor = u.o.Boot.anchor()
}

func (u *Uplink) takeDirectives(d *vymirv1.Directives, out *Outcome) {
	if d == nil {
		u.state.Withhold, u.state.IntervalS = nil, 0
		return
	}
	u.state.Withhold = d.Withhold[:min(len(d.Withhold), 64)]
	u.state.IntervalS = d.IntervalS
	u.offers = d.Offers[:min(len(d.Offers), wire.MaxOffers)]
	out.MeasureNow = out.MeasureNow || d.MeasureNow
	out.Interval = time.Duration(d.IntervalS) * time.Second
}
