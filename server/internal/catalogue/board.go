package catalogue

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// When something has waited too long.
const (
	stalledPledge    = 60 * 24 * time.Hour // announced, not committed
	stalledDelivered = 30 * 24 * time.Hour // delivered, not commissioned
	untakenAfter     = 90 * 24 * time.Hour // published, nobody announced help
	week             = 7 * 24 * time.Hour
)

// Board is the coordinator's view of everything that is published: who waits for whom, what overlaps, what nobody
// takes, what is due, and what each quarter brought. Of a recipient it says what the approved texts say; drafts do not
// exist here.
type Board struct {
	Waiting  []Waiting  `json:"waiting"`  // longest first
	Overlaps []Conflict `json:"overlaps"` // help of several donors with one fingerprint
	Untaken  []Untaken  `json:"untaken"`  // oldest first
	Lost     []LostHelp `json:"lost"`     // help whose effect was lost, newest first
	Due      []Due      `json:"due"`      // soonest first
	Quarters []Quarter  `json:"quarters"` // newest first
}

// Waiting is a pledge that stands still.
type Waiting struct {
	Pledge string        `json:"pledge"`
	Ref    string        `json:"ref"`
	Title  remedies.Text `json:"title"`
	Donor  remedies.Text `json:"donor"`
	State  string        `json:"state"`
	On     string        `json:"waiting_for"` // donor or recipient
	Days   int           `json:"days"`        // in this state
	Late   bool          `json:"late"`        // longer than is usual
}

// Conflict is help of more than one donor for what is the same.
type Conflict struct {
	Why       string          `json:"why"` // same_need or similar_kind
	Refs      []string        `json:"refs"`
	Title     remedies.Text   `json:"title"`
	Donors    []remedies.Text `json:"donors"`
	AmountEUR float64         `json:"amount_eur"`
}

// Untaken is an entry for which nobody announced help.
type Untaken struct {
	Ref     string        `json:"ref"`
	Title   remedies.Text `json:"title"`
	Days    int           `json:"days"` // since it was published
	CostEUR float64       `json:"cost_eur"`
	Until   string        `json:"until"`
	Late    bool          `json:"late"` // longer than is usual
}

// LostHelp is help whose verified effect was lost. The need came back as a new one; again is the entry by which its
// recipient asks for it, once it is published.
type LostHelp struct {
	Pledge string        `json:"pledge"`
	Ref    string        `json:"ref"`
	Title  remedies.Text `json:"title"`
	Donor  remedies.Text `json:"donor"`
	Days   int           `json:"days"` // since it was lost
	Again  string        `json:"again,omitzero"`
}

// Due is a delivery that is to be expected.
type Due struct {
	Pledge string        `json:"pledge"`
	Ref    string        `json:"ref"`
	Title  remedies.Text `json:"title"`
	Donor  remedies.Text `json:"donor"`
	By     string        `json:"by"` // date: the commitment and the longest lead time of its items
	Late   bool          `json:"late"`
}

// Quarter is what came to which state in a quarter, in EUR, for one line of effort. An entry of several lines counts
// in its first item's.
type Quarter struct {
	Quarter      string        `json:"quarter"` // "2026-Q4"
	Line         remedies.Line `json:"line_of_effort"`
	Pledged      float64       `json:"pledged_eur"`
	Committed    float64       `json:"committed_eur"`
	Commissioned float64       `json:"commissioned_eur"`
	Verified     float64       `json:"verified_eur"`
}

// Board reads the coordinator's view.
func (s *Service) Board(ctx context.Context, a access.Actor) (Board, error) {
	if !access.Can(a, access.QueueRead, access.Object{}) {
		return Board{}, store.ErrNotFound
	}
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return Board{}, err
	}
	m := boardMaker{now: s.now(), key: key, texts: map[string]DonorNeed{}, donors: map[string]remedies.Text{}, quarters: map[[2]string]*Quarter{}}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if err := m.read(tx); err != nil {
			return err
		}
		list, err := s.visible(tx, key, "coordinator", true)
		if err != nil {
			return err
		}
		for _, v := range list {
			m.untaken(&v)
		}
		return m.lost(tx, list)
	})
	if err != nil {
		return Board{}, err
	}
	for _, p := range m.pledges {
		m.waiting(&p)
		m.quarter(&p)
	}
	m.conflicts()
	return m.finish(), nil
}

type boardMaker struct {
	Board
	now      time.Time
	key      []byte
	pledges  []store.Pledge
	texts    map[string]DonorNeed // by release, with the coordinator's reference
	donors   map[string]remedies.Text
	quarters map[[2]string]*Quarter
}

func (m *boardMaker) read(tx *store.Tx) error {
	orgs, err := tx.Donors()
	if err != nil {
		return fmt.Errorf("read donors: %w", err)
	}
	for _, d := range orgs {
		m.donors[d.ID] = remedies.Text{"uk": d.Name("uk"), "en": d.Name("en")}
	}
	if m.pledges, err = tx.Pledges(store.PledgeFilter{}); err != nil {
		return fmt.Errorf("read pledges: %w", err)
	}
	for _, p := range m.pledges {
		if _, ok := m.texts[p.ReleaseID]; ok {
			continue
		}
		row, err := tx.Release(p.ReleaseID)
		if err != nil {
			return fmt.Errorf("read release: %w", err)
		}
		var t DonorNeed
		if err := json.Unmarshal([]byte(row.Text), &t); err != nil {
			return fmt.Errorf("decode text: %w", err)
		}
		if row.State == Withdrawn { // taken back: the help remains, the text does not
			t = DonorNeed{Level: t.Level, Items: t.Items}
			for i := range t.Items {
				t.Items[i] = DonorItem{Line: t.Items[i].Line, LeadWeeks: t.Items[i].LeadWeeks}
			}
		}
		t.Ref = reference(m.key, row.ID, "coordinator", Level(row.Level))
		m.texts[row.ID] = t
	}
	return nil
}

func (m *boardMaker) waiting(p *store.Pledge) {
	t := m.texts[p.ReleaseID]
	w := Waiting{Pledge: p.ID, Ref: t.Ref, Title: t.Title, Donor: m.donors[p.DonorID], State: p.State, On: "donor", Days: days(m.now.Sub(p.Changed))}
	switch p.State {
	case Pledged:
		w.Late = m.now.Sub(p.Changed) > stalledPledge
	case Committed, Procured:
		lead := 0.0
		for _, i := range t.Items {
			lead = max(lead, i.LeadWeeks.High)
		}
		by := p.Committed.Add(time.Duration(lead * float64(week)))
		w.Late = m.now.After(by)
		m.Due = append(m.Due, Due{p.ID, t.Ref, t.Title, w.Donor, by.Format(time.DateOnly), w.Late})
	case Delivered:
		w.On, w.Late = "recipient", m.now.Sub(p.Changed) > stalledDelivered
	default:
		return
	}
	m.Waiting = append(m.Waiting, w)
}

func (m *boardMaker) untaken(v *visible) {
	if slices.ContainsFunc(m.pledges, func(p store.Pledge) bool { return p.ReleaseID == v.ID && p.State != Cancelled }) {
		return
	}
	age := m.now.Sub(v.Published)
	m.Untaken = append(m.Untaken, Untaken{v.ref, v.Text.Title, days(age), v.Text.Cost.Mid(), v.Text.Until, age > untakenAfter})
}

// lost lists help whose effect is gone, with the entry of the need that came back.
func (m *boardMaker) lost(tx *store.Tx, list []visible) error {
	for _, p := range m.pledges {
		if p.State != Regressed {
			continue
		}
		t := m.texts[p.ReleaseID]
		l := LostHelp{Pledge: p.ID, Ref: t.Ref, Title: t.Title, Donor: m.donors[p.DonorID], Days: days(m.now.Sub(p.Changed))}
		items, err := basisOf(tx, p.ReleaseID)
		if err != nil {
			return err
		}
		for _, v := range list {
			again := slices.ContainsFunc(items, func(i item) bool { return slices.Contains(v.Needs, need.ReturnedID(i.Key, p.ID)) })
			if again && v.Recipient == p.RecipientID && v.Level >= Named { // an anonymous entry stays one
				l.Again = v.ref
			}
		}
		m.Lost = append(m.Lost, l)
	}
	return nil
}

// conflicts groups open help by fingerprint, where it comes from more than one donor.
func (m *boardMaker) conflicts() {
	groups := map[string][]*store.Pledge{}
	for i := range m.pledges {
		p := &m.pledges[i]
		if p.State == Cancelled || p.State == Verified || p.State == Sustained {
			continue
		}
		for _, f := range strings.Fields(p.Fingerprint) {
			groups[f] = append(groups[f], p)
		}
	}
	reported := map[string]bool{} // the same pledges under "same need" are not told again as "similar kind"
	for _, f := range slices.Backward(slices.Sorted(maps.Keys(groups))) {
		c := Conflict{Why: "similar_kind"}
		if f[0] == 'x' {
			c.Why = "same_need"
		}
		donors, set := map[string]bool{}, []string{}
		for _, p := range groups[f] {
			t := m.texts[p.ReleaseID]
			if !donors[p.DonorID] {
				c.Donors = append(c.Donors, m.donors[p.DonorID])
			}
			donors[p.DonorID] = true
			if !slices.Contains(c.Refs, t.Ref) {
				c.Refs = append(c.Refs, t.Ref)
			}
			c.Title, c.AmountEUR = t.Title, c.AmountEUR+p.AmountEUR
			set = append(set, p.ID)
		}
		if id := strings.Join(set, " "); len(donors) > 1 && !reported[id] {
			reported[id] = true
			m.Overlaps = append(m.Overlaps, c)
		}
	}
}

func (m *boardMaker) quarter(p *store.Pledge) {
	t := m.texts[p.ReleaseID]
	if p.State == Cancelled || len(t.Items) == 0 {
		return
	}
	line := t.Items[0].Line
	at := func(when time.Time) *Quarter {
		if when.IsZero() {
			return &Quarter{}
		}
		k := [2]string{fmt.Sprintf("%d-Q%d", when.Year(), (int(when.Month())+2)/3), string(line)}
		if m.quarters[k] == nil {
			m.quarters[k] = &Quarter{Quarter: k[0], Line: line}
		}
		return m.quarters[k]
	}
	at(p.Created).Pledged += p.AmountEUR
	at(p.Committed).Committed += p.AmountEUR
	at(p.Commissioned).Commissioned += p.AmountEUR
	at(p.Verified).Verified += p.AmountEUR
}

func (m *boardMaker) finish() Board {
	for _, q := range m.quarters {
		m.Quarters = append(m.Quarters, *q)
	}
	slices.SortFunc(m.Quarters, func(a, b Quarter) int {
		return cmp.Or(cmp.Compare(b.Quarter, a.Quarter), cmp.Compare(slices.Index(remedies.Lines, a.Line), slices.Index(remedies.Lines, b.Line)))
	})
	slices.SortStableFunc(m.Waiting, func(a, b Waiting) int { return cmp.Compare(b.Days, a.Days) })
	slices.SortStableFunc(m.Untaken, func(a, b Untaken) int { return cmp.Compare(b.Days, a.Days) })
	slices.SortStableFunc(m.Lost, func(a, b LostHelp) int { return cmp.Compare(a.Days, b.Days) })
	slices.SortStableFunc(m.Due, func(a, b Due) int { return cmp.Compare(a.By, b.By) })
	return m.Board
}

func days(d time.Duration) int { return int(d.Hours() / 24) }
