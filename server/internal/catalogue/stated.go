package catalogue

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// StatedNeed is a need that no agent measured: exercises, staff, buildings. It takes the same way to donors, is always
// labelled stated, and has no points and no rank.
type StatedNeed struct {
	ID         string        `json:"id"`
	Recipient  string        `json:"recipient"`
	Kind       remedies.Kind `json:"kind"`
	Title      remedies.Text `json:"title"`
	Text       remedies.Text `json:"text"`
	Capability string        `json:"capability"`
	Quantity   int           `json:"quantity"`
	Unit       remedies.Text `json:"unit"`
	UnitCost   need.Money    `json:"unit_cost_eur"`
	RunCost    need.Money    `json:"unit_run_cost_eur_per_year"`
	Line       remedies.Line `json:"line_of_effort"`
	LineReason remedies.Text `json:"line_reason"`
	Created    time.Time     `json:"created"`
	CreatedBy  string        `json:"created_by"`
	Closed     bool          `json:"closed,omitzero"`
}

// State adds a stated need of the recipient; its texts pass the same screen as every text for donors.
func (s *Service) State(ctx context.Context, a access.Actor, n StatedNeed) (StatedNeed, error) {
	if err := may(a, access.NeedsPropose, n.Recipient); err != nil {
		return StatedNeed{}, err
	}
	if err := s.checkStated(&n); err != nil {
		return StatedNeed{}, err
	}
	n.ID, n.Created, n.CreatedBy, n.Closed = store.NewID("sn"), s.now().UTC(), actorName(a), false
	err := s.st.Tx(ctx, func(tx *store.Tx) error {
		names, err := forbiddenNames(tx, n.Recipient, Anonymous)
		if err != nil {
			return err
		}
		for _, t := range []remedies.Text{n.Title, n.Text, n.Unit, n.LineReason} {
			if err := screen(t, names); err != nil {
				return err
			}
		}
		body, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("encode stated need: %w", err)
		}
		if err := tx.PutStatedNeed(store.StatedNeed{
			ID: n.ID, RecipientID: n.Recipient, Body: string(body), Created: n.Created, CreatedBy: n.CreatedBy,
		}); err != nil {
			return fmt.Errorf("store stated need: %w", err)
		}
		return s.audit(tx, a, "need.state", "need:"+n.ID, n.Recipient, map[string]any{"kind": n.Kind, "quantity": n.Quantity})
	})
	if err != nil {
		return StatedNeed{}, err
	}
	return n, nil
}

func (s *Service) checkStated(n *StatedNeed) error {
	for _, t := range []remedies.Text{n.Title, n.Text, n.Unit, n.LineReason} {
		if len(t) == 0 {
			return &ScreenError{Kind: "language"}
		}
	}
	_, known := s.set.Capability(n.Capability)
	if !known || !slices.Contains(remedies.Kinds, n.Kind) || !slices.Contains(remedies.Lines, n.Line) {
		return ErrNeeds
	}
	ok := n.Quantity > 0 && n.Quantity <= 1_000_000 && 0 < n.UnitCost.Low && n.UnitCost.Low <= n.UnitCost.High && n.UnitCost.High < 1e9 &&
		0 <= n.RunCost.Low && n.RunCost.Low <= n.RunCost.High && n.RunCost.High < 1e9
	if !ok {
		return ErrQuantity
	}
	return nil
}

// CloseStated takes a stated need out of the list; releases made of it stay until they end.
func (s *Service) CloseStated(ctx context.Context, a access.Actor, recipient, id string) error {
	if err := may(a, access.NeedsPropose, recipient); err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		rows, err := tx.StatedNeeds(recipient)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r store.StatedNeed) bool { return r.ID == id && r.Closed.IsZero() })
		if i < 0 {
			return store.ErrNotFound
		}
		rows[i].Closed = s.now().UTC()
		if err := tx.PutStatedNeed(rows[i]); err != nil {
			return fmt.Errorf("store stated need: %w", err)
		}
		return s.audit(tx, a, "need.close", "need:"+id, recipient, map[string]any{})
	})
}

// StatedNeeds lists the stated needs of a recipient, oldest first, closed ones included.
func (s *Service) StatedNeeds(ctx context.Context, a access.Actor, recipient string) ([]StatedNeed, error) {
	if err := may(a, access.NeedsRead, recipient); err != nil {
		return nil, err
	}
	out := []StatedNeed{}
	err := s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.StatedNeeds(recipient)
		if err != nil {
			return err
		}
		for _, r := range rows {
			n, err := decodeStated(r)
			if err != nil {
				return err
			}
			out = append(out, n)
		}
		return nil
	})
	return out, err
}

func decodeStated(r store.StatedNeed) (n StatedNeed, err error) {
	if err := json.Unmarshal([]byte(r.Body), &n); err != nil {
		return n, fmt.Errorf("decode stated need: %w", err)
	}
	n.Closed = !r.Closed.IsZero()
	return n, nil
}

// statedItem takes a stated need over, field by field.
func (s *Service) statedItem(rows []store.StatedNeed, id string) (item, bool, error) {
	i := slices.IndexFunc(rows, func(r store.StatedNeed) bool { return r.ID == id && r.Closed.IsZero() })
	if i < 0 {
		return item{}, false, nil
	}
	n, err := decodeStated(rows[i])
	if err != nil {
		return item{}, false, err
	}
	return item{
		Key: n.ID, Origin: Stated, Capability: n.Capability, UnitCost: n.UnitCost, UnitRunCost: n.RunCost,
		Donor: DonorItem{
			Kind: n.Kind, Title: n.Title, Text: n.Text, Quantity: n.Quantity, Unit: n.Unit, CostYear: n.Created.Year(), CostSource: "recipient",
			Line: n.Line, LineReason: n.LineReason, Capability: s.capabilityName(n.Capability),
		},
	}, true, nil
}
