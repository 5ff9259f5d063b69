package store

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
)

// Bounds of the statements that are kept prepared.
const (
	prepareAfter = 3   // uses: what is asked once is not worth it
	maxPrepared  = 192 // a statement takes some KB
)

// prepared keeps the statements that one SQLite connection runs again and again: parsing them took a third of what a check-in
// cost. A nil *prepared keeps none (pgx has its own cache). Safe for concurrent use.
type prepared struct {
	db *sql.DB

	mu     sync.Mutex
	uses   map[string]int
	wanted []string // to be prepared once the connection is free
	full   atomic.Bool
	ready  sync.Map // query → *sql.Stmt
}

func newPrepared(db *sql.DB) *prepared { return &prepared{db: db, uses: map[string]int{}} }

// in gives the statement of a query for a transaction, or nil when it is to be run as text. Only queries whose rows are read to the
// end before the next statement may ask: a statement runs once at a time.
func (p *prepared) in(t *Tx, query string) *sql.Stmt {
	if p == nil {
		return nil
	}
	if s, ok := p.ready.Load(query); ok {
		return t.tx.StmtContext(t.ctx, s.(*sql.Stmt))
	}
	if p.full.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.uses) >= 8*maxPrepared {
		clear(p.uses) // texts that are made up as they come
	}
	if p.uses[query]++; p.uses[query] == prepareAfter {
		p.wanted = append(p.wanted, query)
	}
	return nil
}

// prepare prepares what was asked for often enough. It is called between transactions.
func (p *prepared) prepare(ctx context.Context) {
	if p == nil || p.full.Load() {
		return
	}
	p.mu.Lock()
	wanted := p.wanted
	p.wanted = nil
	p.mu.Unlock()
	for _, q := range wanted {
		if p.count() >= maxPrepared {
			p.full.Store(true)
			return
		}
		s, err := p.db.PrepareContext(ctx, q)
		if err != nil {
			return // it goes on as text
		}
		if _, had := p.ready.LoadOrStore(q, s); had {
			s.Close()
		}
	}
}

func (p *prepared) count() (n int) {
	p.ready.Range(func(any, any) bool { n++; return true })
	return n
}

// close closes the statements; those of a closed database are closed with it.
func (p *prepared) close() {
	if p != nil {
		p.ready.Range(func(_, s any) bool { s.(*sql.Stmt).Close(); return true })
	}
}
