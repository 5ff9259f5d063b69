package catalogue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// dominance is the share of a cell's cost above which one recipient would show through the sum.
const dominance = 0.7

// Totals are what every donor may read of all recipients that released a need at any level: sums over at least five
// of them, rounded, frozen at a time. There are no queries, only these tables.
type Totals struct {
	FrozenOn string  `json:"frozen_on"` // date, UTC
	Tables   []Table `json:"tables"`
}

// Table is one fixed way to cut the totals.
type Table struct {
	By    string `json:"by"` // sector, kind or line_of_effort
	Cells []Cell `json:"cells"`
}

// Cell is one row. A suppressed cell has its name and nothing else.
type Cell struct {
	Name       string     `json:"name"`
	Suppressed bool       `json:"suppressed,omitzero"`
	Recipients int        `json:"recipients,omitzero"` // to the next lower multiple of five
	Needs      int        `json:"needs,omitzero"`      // to one significant digit
	Cost       need.Money `json:"cost_eur,omitzero"`   // to one significant digit
}

// contribution is what one recipient adds to a cell. It never leaves the server.
type contribution struct {
	Needs int        `json:"needs"`
	Cost  need.Money `json:"cost_eur"`
}

// cells maps table, cell and recipient to the contribution.
type cells map[string]map[string]map[string]contribution

func (c cells) add(table, cell, recipient string, cost need.Money) {
	if cell == "" {
		cell = "other"
	}
	if c[table] == nil {
		c[table] = map[string]map[string]contribution{}
	}
	if c[table][cell] == nil {
		c[table][cell] = map[string]contribution{}
	}
	x := c[table][cell][recipient]
	c[table][cell][recipient] = contribution{x.Needs + 1, need.Money{Low: x.Cost.Low + cost.Low, High: x.Cost.High + cost.High}}
}

// Freeze makes a new release of the totals from everything that is published now and returns it. A cell whose group
// differs from the last frozen one by fewer than five recipients keeps its old value, as the difference would tell
// of those few.
func (s *Service) Freeze(ctx context.Context, a access.Actor) (Totals, error) {
	if !access.Can(a, access.QueueRead, access.Object{}) {
		return Totals{}, store.ErrNotFound
	}
	var out Totals
	err := s.st.Tx(ctx, func(tx *store.Tx) error {
		fresh, err := s.cells(tx)
		if err != nil {
			return err
		}
		if len(fresh) == 0 {
			return ErrNothing
		}
		before, err := lastShown(tx)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		out = freeze(fresh, before)
		out.FrozenOn = now.Format(time.DateOnly)
		body, err := json.Marshal(out)
		if err != nil {
			return fmt.Errorf("encode totals: %w", err)
		}
		basis, err := json.Marshal(totalsBasis{before})
		if err != nil {
			return fmt.Errorf("encode basis: %w", err)
		}
		id := store.NewID("tot")
		if err := tx.AddTotals(store.TotalsRow{ID: id, Frozen: now, FrozenBy: actorName(a), Body: string(body), Basis: string(basis)}); err != nil {
			return fmt.Errorf("store totals: %w", err)
		}
		return s.audit(tx, a, "totals.freeze", "totals:"+id, "", map[string]any{"tables": len(out.Tables)})
	})
	return out, err
}

// Totals reads the newest frozen totals; none is store.ErrNotFound.
func (s *Service) Totals(ctx context.Context, a access.Actor) (Totals, error) {
	if !access.Can(a, access.EntriesRead, access.Object{}) {
		return Totals{}, store.ErrNotFound
	}
	var t Totals
	err := s.st.View(ctx, func(tx *store.Tx) error {
		row, err := tx.LatestTotals()
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(row.Body), &t)
	})
	return t, err
}

// cells gathers the contributions of every release that is published at any level.
func (s *Service) cells(tx *store.Tx) (cells, error) {
	rows, err := tx.Releases("", Published)
	if err != nil {
		return nil, fmt.Errorf("read releases: %w", err)
	}
	orgs, err := tx.Recipients()
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	sector := map[string]string{}
	for _, o := range orgs {
		sector[o.ID] = o.Sector
	}
	var all []offered
	for _, row := range rows {
		if !s.now().Before(row.Until) {
			continue
		}
		var b basis
		if err := json.Unmarshal([]byte(row.Basis), &b); err != nil {
			return nil, fmt.Errorf("decode basis: %w", err)
		}
		for _, i := range b.Items {
			all = append(all, offered{row.RecipientID, i})
		}
	}
	out := cells{}
	for _, o := range once(all) {
		q := float64(o.item.Donor.Quantity)
		cost := need.Money{Low: q * o.item.UnitCost.Low, High: q * o.item.UnitCost.High}
		out.add("sector", sector[o.recipient], o.recipient, cost)
		out.add("kind", string(o.item.Donor.Kind), o.recipient, cost)
		out.add("line_of_effort", string(o.item.Donor.Line), o.recipient, cost)
	}
	return out, nil
}

// offered is one item of a published release.
type offered struct {
	recipient string
	item      item
}

// once leaves what recipients ask for counted a single time: a need released at two levels, released whole and in parts, or
// released again after it came back, is one. Of what overlaps, the part with the most sites counts, of equals the newest.
func once(all []offered) []offered {
	slices.Reverse(all) // newest first
	slices.SortStableFunc(all, func(a, b offered) int { return len(b.item.Sites) - len(a.item.Sites) })
	type asked struct{ recipient, what, site string }
	counted := map[asked]bool{}
	var out []offered
	for _, o := range all {
		places := make([]asked, 0, len(o.item.Sites)+1)
		places = append(places, asked{what: o.item.Key})
		for _, site := range o.item.Sites {
			places = append(places, asked{o.recipient, o.item.Remedy, site})
		}
		if slices.ContainsFunc(places, func(p asked) bool { return counted[p] }) {
			continue
		}
		for _, p := range places {
			counted[p] = true
		}
		out = append(out, o)
	}
	return out
}

// shownCell is what donors read of a cell once, and who stood behind it.
type shownCell struct {
	Cell  Cell                    `json:"cell"`
	Group map[string]contribution `json:"group"`
}

// shown maps table and cell to all that was ever read of it, newest last: a new value is compared with every old one, as
// each is still in somebody's hands.
type shown map[string]map[string][]shownCell

// totalsBasis is kept with every frozen release and never leaves the server.
type totalsBasis struct {
	Shown shown `json:"shown"`
}

// lastShown reads what donors have read of every cell so far.
func lastShown(tx *store.Tx) (shown, error) {
	row, err := tx.LatestTotals()
	if errors.Is(err, store.ErrNotFound) {
		return shown{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read last totals: %w", err)
	}
	var b totalsBasis
	if err := json.Unmarshal([]byte(row.Basis), &b); err != nil {
		return nil, fmt.Errorf("decode basis: %w", err)
	}
	if b.Shown != nil {
		return b.Shown, nil
	}
	var t Totals // written before hidden cells were remembered: the groups of that day alone
	groups := cells{}
	if err := errors.Join(json.Unmarshal([]byte(row.Body), &t), json.Unmarshal([]byte(row.Basis), &groups)); err != nil {
		return nil, fmt.Errorf("decode last totals: %w", err)
	}
	out := shown{}
	for _, table := range t.Tables {
		for _, c := range table.Cells {
			if !c.Suppressed {
				out.put(table.By, c, groups[table.By][c.Name])
			}
		}
	}
	return out, nil
}

// put notes what is read from now on; the same group again is nothing new.
func (s shown) put(by string, c Cell, group map[string]contribution) {
	if s[by] == nil {
		s[by] = map[string][]shownCell{}
	}
	if list := s[by][c.Name]; len(list) == 0 || !maps.Equal(list[len(list)-1].Group, group) {
		s[by][c.Name] = append(list, shownCell{c, maps.Clone(group)})
	}
}

// freeze publishes every table of fresh. Before is what donors have read, and is brought up to date.
func freeze(fresh cells, before shown) Totals {
	var t Totals
	for _, by := range []string{"sector", "kind", "line_of_effort"} {
		table := Table{By: by, Cells: []Cell{}}
		groups := map[string]map[string]contribution{}
		for name, group := range fresh[by] {
			c := cell(name, group)
			list := before[by][name]
			if slices.ContainsFunc(list, func(old shownCell) bool { return tooClose(old.Group, group) }) {
				last := list[len(list)-1]
				c, group = last.Cell, last.Group
			}
			table.Cells, groups[name] = append(table.Cells, c), group
		}
		slices.SortFunc(table.Cells, func(a, b Cell) int { return cmp.Compare(a.Name, b.Name) })
		suppressMore(table.Cells, fresh[by])
		for _, c := range table.Cells {
			if !c.Suppressed {
				before.put(by, c, groups[c.Name])
			}
		}
		t.Tables = append(t.Tables, table)
	}
	return t
}

// cell publishes a group, or its name alone when it is small or one recipient outweighs the rest.
func cell(name string, group map[string]contribution) Cell {
	c := Cell{Name: name}
	var sum need.Money
	for _, x := range group {
		c.Needs += x.Needs
		sum = need.Money{Low: sum.Low + x.Cost.Low, High: sum.High + x.Cost.High}
	}
	if !safe(group) {
		return Cell{Name: name, Suppressed: true}
	}
	c.Recipients = len(group) / 5 * 5
	c.Needs = int(significant(float64(c.Needs), 1))
	c.Cost = need.Money{Low: significant(sum.Low, 1), High: significant(sum.High, 1)}
	return c
}

// safe reports whether a sum over a group tells of nobody in it: there are enough, and none outweighs the rest.
func safe(group map[string]contribution) bool {
	sum, biggest := 0.0, 0.0
	for _, x := range group {
		sum += x.Cost.Mid()
		biggest = max(biggest, x.Cost.Mid())
	}
	return len(group) >= kThreshold && biggest <= dominance*sum
}

// suppressMore hides further cells, the smallest first, until what is hidden tells of nobody even to who knows the sum of
// the table, from another table for instance: at least two cells, and together a group that would be safe itself.
func suppressMore(list []Cell, groups map[string]map[string]contribution) {
	for {
		hidden, least := 0, -1
		together := map[string]contribution{}
		for i, c := range list {
			if !c.Suppressed {
				if least < 0 || len(groups[c.Name]) < len(groups[list[least].Name]) {
					least = i
				}
				continue
			}
			hidden++
			for r, x := range groups[c.Name] {
				y := together[r]
				together[r] = contribution{x.Needs + y.Needs, need.Money{Low: x.Cost.Low + y.Cost.Low, High: x.Cost.High + y.Cost.High}}
			}
		}
		if hidden == 0 || least < 0 || hidden > 1 && safe(together) {
			return
		}
		list[least] = Cell{Name: list[least].Name, Suppressed: true}
	}
}

// tooClose reports whether two groups differ by one to four recipients, or one recipient's share changed while the
// group stayed the same for fewer than five of its members.
func tooClose(old, fresh map[string]contribution) bool {
	differ := 0
	for r, x := range fresh {
		if old[r] != x {
			differ++
		}
	}
	for r := range old {
		if _, ok := fresh[r]; !ok {
			differ++
		}
	}
	return differ > 0 && differ < kThreshold
}
