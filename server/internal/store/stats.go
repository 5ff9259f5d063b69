package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/vymir-project/vymir/server/internal/tally"
)

// counts are what a store counts of its own transactions; see [Store.Stats].
type counts struct {
	reads, writes tally.Histogram
	failed        atomic.Uint64
}

func (c *counts) add(read bool, took time.Duration, err error) {
	if read {
		c.reads.Add(took)
	} else {
		c.writes.Add(took)
	}
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, context.Canceled) {
		c.failed.Add(1)
	}
}

// Stats is how a store does, since this process began.
type Stats struct {
	Reads, Writes *tally.Histogram // transactions, from asking for a connection to the end
	Failed        uint64           // transactions that were undone; what was not there, or not asked for any more, left out
	Open, InUse   int              // connections
	Waits         int64            // how often one was waited for
	Waited        time.Duration    // how long in all
	Bytes         int64            // of the database; 0: not known
	Queued        int64            // messages that wait for webhooks
	Due           time.Time        // since when the oldest of them is due; zero: none is
}

// Stats reads them. It asks the database for a few rows; what it cannot read is zero.
func (s *Store) Stats(ctx context.Context, now time.Time) Stats {
	v := Stats{Reads: &s.counts.reads, Writes: &s.counts.writes, Failed: s.counts.failed.Load()}
	pools := []*sql.DB{s.write}
	if s.read != s.write {
		pools = append(pools, s.read)
	}
	for _, p := range pools {
		d := p.Stats()
		v.Open, v.InUse, v.Waits, v.Waited = v.Open+d.OpenConnections, v.InUse+d.InUse, v.Waits+d.WaitCount, v.Waited+d.WaitDuration
	}
	if s.dialect == sqlite {
		for _, tail := range []string{"", "-wal"} {
			if info, err := os.Stat(s.path + tail); err == nil {
				v.Bytes += info.Size()
			}
		}
	}
	_ = s.View(ctx, func(tx *Tx) (err error) { // what is not known stays zero
		if s.dialect == postgres {
			if v.Bytes, err = one(tx, scalar[int64], `SELECT pg_database_size(current_database())`); err != nil {
				return err
			}
		}
		if v.Queued, err = one(tx, scalar[int64], `SELECT count(*) FROM webhook_queue`); err != nil {
			return err
		}
		first, err := one(tx, scalar[int64], `SELECT COALESCE(min(next_ms), 0) FROM webhook_queue`)
		if at := At(first); err == nil && at.Before(now) {
			v.Due = at
		}
		return err
	})
	return v
}
