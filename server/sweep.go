package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vymir-project/vymir/server/internal/api"
	"github.com/vymir-project/vymir/server/internal/hook"
	"github.com/vymir-project/vymir/server/internal/store"
)

// sweepEvery is how often the calendar is looked at.
const sweepEvery = time.Minute

// sweep ends waivers whose date has come, prunes the record, keeps the needs derived and measures effects once a day. Of several server
// processes one does it.
func (s *Server) sweep(ctx context.Context) error {
	owner := store.NewID("p")
	defer s.giveBack(ctx, owner)
	var wg sync.WaitGroup
	defer wg.Wait()
	// Receivers may be slow, so they are told beside the rest.
	wg.Go(func() { s.every(ctx, "deliver webhooks", func() error { return s.deliver(ctx, owner) }) })
	s.every(ctx, "sweep", func() error {
		return errors.Join(wrap("end waivers", s.sweepOnce(ctx, owner)), wrap("prune", s.prune(ctx)), wrap("derive needs and measure effects", s.Needs.Tick(ctx)))
	})
	return nil
}

// giveBack ends this process's leases, so that another need not wait for them to run out: webhooks would stand still for
// minutes in each restart. What fails here runs out by itself.
func (s *Server) giveBack(ctx context.Context, owner string) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Store.Tx(within, func(tx *store.Tx) error {
		for _, name := range []string{"sweep", "webhooks"} {
			if _, err := tx.Lease(name, owner, s.now(), -time.Second); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		s.log.Warn("give leases back", "err", err)
	}
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// every does something now and once a minute until ctx ends.
func (s *Server) every(ctx context.Context, what string, f func() error) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := f(); err != nil && ctx.Err() == nil {
			s.log.Error(what, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) sweepOnce(ctx context.Context, owner string) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		now := s.now()
		mine, err := tx.Lease("sweep", owner, now, 3*sweepEvery)
		if err != nil || !mine {
			return err
		}
		if err := errors.Join(tx.PruneAttempts(now), tx.PruneKeys(now.Add(-api.KeyLife))); err != nil {
			return err
		}
		n, err := tx.ExpireWaivers(now, 500)
		if n > 0 {
			s.log.Info("waivers ended", "count", n)
		}
		return err
	})
}

// Pruning goes in small transactions, so that check-ins wait for none of them long.
const (
	pruneEvery = time.Hour
	pruneBatch = 500
)

// prune removes what the configuration no longer keeps. The lease is not given back: it says when the next is due.
func (s *Server) prune(ctx context.Context) error {
	keep, begun, total := s.Config.Keep.retention(), false, int64(0)
	for {
		var p store.Pruned
		err := s.Store.Tx(ctx, func(tx *store.Tx) error {
			now := s.now()
			if !begun {
				due, err := tx.Lease("prune", store.NewID("p"), now, pruneEvery) // a new owner: not even ours before it has run out
				if err != nil || !due {
					return err
				}
			}
			begun = true
			var err error
			p, err = tx.Prune(keep, now, pruneBatch)
			return err
		})
		total += p.Total()
		if err != nil || p.Total() == 0 {
			if total > 0 {
				s.log.Info("pruned", "rows", total)
			}
			return err
		}
	}
}

// deliver tells webhooks what waits for them. Of several processes one does, for as long as its lease lasts.
func (s *Server) deliver(ctx context.Context, owner string) error {
	mine := false
	err := s.Store.Tx(ctx, func(tx *store.Tx) (err error) {
		mine, err = tx.Lease("webhooks", owner, s.now(), 3*sweepEvery)
		return err
	})
	if err != nil || !mine {
		return err
	}
	within, cancel := context.WithTimeout(ctx, 2*sweepEvery)
	defer cancel()
	sender := &hook.Sender{Store: s.Store, Seal: s.Seal, Client: hook.Client(s.Config.Webhooks.Private), Log: s.log, Now: s.now}
	n, err := sender.Deliver(within, 200)
	if n > 0 {
		s.log.Debug("webhooks told", "messages", n)
	}
	return err
}
