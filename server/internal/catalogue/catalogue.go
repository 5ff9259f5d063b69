// Package catalogue is the consent loop: a need becomes a text, two persons of the recipient approve exactly that
// text for named donors until a date, donors read and pledge, and what their help changed is measured again.
//
// Every method of [Service] takes the actor and asks package access first; what an actor may not see does not
// exist for them (store.ErrNotFound). Everything that changes something is in the audit trail.
//
// What a donor gets is built field by field in [DonorNeed] and its neighbours in donor.go. No type that a donor
// receives has a field for a host, an address, a user, a path, a version, a weakness or a control; nothing is
// filtered out, since nothing of that kind is ever put in.
package catalogue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Errors a caller tells apart. None of their texts names anything of a recipient.
var (
	ErrForbidden = errors.New("not allowed")
	ErrState     = errors.New("not possible in this state")
	ErrChanged   = errors.New("the text has changed since it was read")
	ErrSame      = errors.New("a second, different person must approve")
	ErrUntil     = errors.New("the end date must lie ahead, at most a year")
	ErrLevel     = errors.New("unknown disclosure level")
	ErrAudience  = errors.New("the audience must name donor organisations that exist")
	ErrNeeds     = errors.New("the needs must exist and belong to one recipient")
	ErrEmbargo   = errors.New("an immediate need may be released at levels 0 and 1 only until it is commissioned")
	ErrLinkable  = errors.New("donors of the audience could link this text with an earlier one of another level")
	ErrQuantity  = errors.New("quantity and amount must be positive")
	ErrOverlap   = errors.New("other help of this kind exists: look at it first")
	ErrMember    = errors.New("observers take part and do not commit")
	ErrSchedule  = errors.New("a schedule begins before it ends, within ten years, and its steps lie between")
	ErrProject   = errors.New("no such open project of this recipient, or the level is below 2")
	ErrNothing   = errors.New("nothing to freeze")
)

// Approvals is how many different persons must approve a text.
const Approvals = 2

// MaxPeriod bounds how long a release may be shown before it must be approved anew.
const MaxPeriod = 366 * 24 * time.Hour

// Service is the consent loop over a store. Its methods may be called at once from any goroutine.
type Service struct {
	st      *store.Store
	now     func() time.Time
	set     *remedies.Set
	weights need.Weights

	slots   sync.Map // recipient → *slot
	trends  sync.Map // recipient and number of times → *trend
	keyOnce sync.Mutex
	key     []byte // of pseudonyms; loaded at first use
}

// New returns a service over a migrated store with the built-in remedies and weights. Now nil is time.Now.
func New(st *store.Store, now func() time.Time) (*Service, error) {
	if now == nil {
		now = time.Now
	}
	set, err := remedies.Load()
	if err != nil {
		return nil, fmt.Errorf("load remedies: %w", err)
	}
	w, err := need.DefaultWeights()
	if err != nil {
		return nil, err
	}
	return &Service{st: st, now: now, set: set, weights: w}, nil
}

// LegalControls are the ids of the controls that are duties of law: a gate, not points.
func (s *Service) LegalControls() []string { return slices.Clone(s.weights.LegalControls) }

// Remedies is the remedy catalogue in use, read-only.
func (s *Service) Remedies() *remedies.Set { return s.set }

// may asks access; a refusal is store.ErrNotFound when the actor may not even know of the recipient.
func may(a access.Actor, action access.Action, recipient string) error {
	o := access.Object{Recipient: recipient}
	if access.Can(a, action, o) {
		return nil
	}
	if access.Can(a, access.NeedsRead, o) {
		return ErrForbidden
	}
	return store.ErrNotFound
}

// audit appends to the trail. Detail must hold ids, numbers and states only.
func (s *Service) audit(tx *store.Tx, a access.Actor, action, object, recipient string, detail any) error {
	d, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("encode audit detail: %w", err)
	}
	return tx.Audit(store.Entry{
		At: s.now().UTC(), Actor: actorName(a), Action: action, Object: object, RecipientID: recipient, Detail: string(d),
	})
}

func actorName(a access.Actor) string { return "user:" + a.UserID }

// pseudonymKey loads the key of donor references, making it at first use.
func (s *Service) pseudonymKey(ctx context.Context) ([]byte, error) {
	s.keyOnce.Lock()
	defer s.keyOnce.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	const name = "catalogue_pseudonym_key"
	var text string
	err := s.st.Tx(ctx, func(tx *store.Tx) (err error) {
		text, err = tx.Setting(name)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		var b [32]byte
		rand.Read(b[:])
		text = hex.EncodeToString(b[:])
		return tx.PutSetting(name, text)
	})
	if err != nil {
		return nil, fmt.Errorf("load pseudonym key: %w", err)
	}
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decode pseudonym key: %w", err)
	}
	s.key = key
	return key, nil
}

// PutProfile writes what a recipient says of its own size and weight.
func (s *Service) PutProfile(ctx context.Context, a access.Actor, p store.Profile) error {
	if err := may(a, access.NeedsPropose, p.RecipientID); err != nil {
		return err
	}
	if _, ok := s.weights.Criticality[p.Criticality]; !ok || p.Users < 0 || p.Admins < 0 {
		return ErrQuantity
	}
	p.Changed, p.ChangedBy = s.now().UTC(), actorName(a)
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.PutProfile(p); err != nil {
			return fmt.Errorf("store profile: %w", err)
		}
		return s.audit(tx, a, "recipient.profile", "recipient:"+p.RecipientID, p.RecipientID,
			map[string]any{"criticality": p.Criticality, "users": p.Users, "admins": p.Admins})
	})
}

// Donors lists the donor organisations, to name an audience from. Every signed-in person of a recipient, donor or
// coordinator may read the list.
func (s *Service) Donors(ctx context.Context, a access.Actor) ([]store.DonorOrg, error) {
	if !access.May(a, access.NeedsRead) && !access.May(a, access.EntriesRead) {
		return nil, store.ErrNotFound
	}
	var list []store.DonorOrg
	err := s.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.Donors(); return err })
	return list, err
}
