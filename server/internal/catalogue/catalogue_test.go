package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// world is a store with recipients, hosts and donors, and a clock that tests move.
type world struct {
	t   testing.TB
	st  *store.Store
	s   *Service
	now time.Time
}

const recipients = 7 // of which five are hospitals of one size

func newWorld(t testing.TB, st *store.Store) *world {
	t.Helper()
	w := &world{t: t, st: st, now: storetest.Now}
	s, err := New(st, func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	w.tx(func(tx *store.Tx) error {
		for i := range recipients {
			sector, size := "health", "250-999"
			if i >= 5 {
				sector, size = "energy", "1000+"
			}
			id := fmt.Sprint("r-", i)
			if err := errors.Join(
				tx.PutRecipient(store.Recipient{ID: id, NameUK: fmt.Sprint("Лікарня №", i), NameEN: fmt.Sprint("Hospital ", i), Sector: sector, SizeBand: size, Region: "UA-46", Created: w.now}),
				tx.PutSite(store.Site{ID: "s-" + id, RecipientID: id, NameUK: "Головний корпус", NameEN: "Main building", Created: w.now}),
				tx.PutProfile(store.Profile{RecipientID: id, Criticality: "3", Users: 140, Admins: 3, Changed: w.now}),
			); err != nil {
				return err
			}
		}
		for _, d := range []store.DonorOrg{
			{ID: "d-a", NameUK: "Донор А", NameEN: "Donor A", Member: true}, {ID: "d-b", NameUK: "Донор Б", NameEN: "Donor B", Member: true, ShowName: true},
			{ID: "d-obs", NameUK: "Спостерігач", NameEN: "Observer", Member: false},
		} {
			if err := tx.PutDonor(d); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range recipients {
		for h := range 3 {
			w.host(fmt.Sprint("r-", i), h, assessment.Fail)
		}
	}
	return w
}

// host puts a host whose backups fail or pass.
func (w *world) host(recipient string, n int, backup assessment.Status) {
	w.t.Helper()
	id := fmt.Sprintf("h-%s-%d", recipient, n)
	w.tx(func(tx *store.Tx) error {
		if _, err := tx.Host(id); errors.Is(err, store.ErrNotFound) {
			if err := tx.AddHost(store.Host{
				ID: id, RecipientID: recipient, SiteID: "s-" + recipient, TokenID: "t", Name: fmt.Sprintf("srv-%s-%d", recipient, n),
				SPKI: []byte(id), MachineDigest: []byte(id), Measured: w.now, Enrolled: w.now,
			}); err != nil {
				return err
			}
		}
		for _, r := range []store.Result{
			{Control: "continuity.backup_recent", Capability: "backup", Severity: assessment.Medium, Status: backup},
			{Control: "time.synchronised", Capability: "time", Severity: assessment.Low, Status: assessment.Fail},
		} {
			r.HostID, r.Since = id, w.now
			if err := tx.PutResult(r); err != nil {
				return err
			}
		}
		v, err := tx.Host(id)
		if err != nil {
			return err
		}
		v.LastSequence, v.Measured = v.LastSequence+1, w.now
		return tx.SaveCheckIn(v)
	})
}

func (w *world) tx(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.st.Tx(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func actor(user string, g ...access.Grant) access.Actor { return access.Actor{UserID: user, Grants: g} }

func admin(r string) access.Actor {
	return actor("u-admin-"+r, access.Grant{Role: access.RecipientAdmin, Recipient: r})
}

func approver(r string, n int) access.Actor {
	return actor(fmt.Sprint("u-approver-", r, n), access.Grant{Role: access.RecipientApprover, Recipient: r})
}

var (
	donorA      = actor("u-da", access.Grant{Role: access.Donor, Donor: "d-a"})
	donorB      = actor("u-db", access.Grant{Role: access.Donor, Donor: "d-b"})
	observer    = actor("u-obs", access.Grant{Role: access.Observer, Donor: "d-obs"})
	impostor    = actor("u-imp", access.Grant{Role: access.Donor, Donor: "d-obs"}) // a donor's role at an observer's
	coordinator = actor("u-co", access.Grant{Role: access.Coordinator})
	assessor    = actor("u-as", access.Grant{Role: access.Assessor, Recipient: access.All})
)

func (w *world) wish(r string, level Level, audience ...string) Wish {
	return Wish{
		Recipient: r, Needs: []string{need.ID(r, "backup_storage")}, Level: level, Audience: audience, Until: w.now.AddDate(0, 3, 0),
		Purpose: remedies.Text{"uk": "Щоб швидко відновлювати роботу.", "en": "To recover quickly."},
	}
}

func (w *world) draft(wish Wish) Release {
	w.t.Helper()
	r, err := w.s.Draft(w.t.Context(), admin(wish.Recipient), wish)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) publish(wish Wish) Release {
	w.t.Helper()
	r := w.draft(wish)
	for n := range 2 {
		var err error
		if r, err = w.s.Approve(w.t.Context(), approver(wish.Recipient, n), r.ID, r.Digest); err != nil {
			w.t.Fatal(err)
		}
	}
	if r.State != Published {
		w.t.Fatalf("state %s after two approvals", r.State)
	}
	return r
}

func (w *world) entries(a access.Actor) []Entry {
	w.t.Helper()
	list, err := w.s.Entries(w.t.Context(), a, Page, Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func TestConsent(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world, r Release) error
		want error
		seen int // entries that donor A reads afterwards
	}{
		{"nobody_approved", func(w *world, r Release) error { return nil }, nil, 0},
		{"one_approval", func(w *world, r Release) error {
			_, err := w.s.Approve(w.t.Context(), approver("r-0", 1), r.ID, r.Digest)
			return err
		}, nil, 0},
		{"same_person_twice", func(w *world, r Release) error {
			_, err := w.s.Approve(w.t.Context(), approver("r-0", 1), r.ID, r.Digest)
			if err != nil {
				return err
			}
			_, err = w.s.Approve(w.t.Context(), approver("r-0", 1), r.ID, r.Digest)
			return err
		}, ErrSame, 0},
		{"two_persons", func(w *world, r Release) error { return approveTwice(w, r, r.Digest) }, nil, 1},
		{"another_text", func(w *world, r Release) error { return approveTwice(w, r, strings.Repeat("0", 64)) }, ErrChanged, 0},
		{"admin_approves", func(w *world, r Release) error {
			_, err := w.s.Approve(w.t.Context(), admin("r-0"), r.ID, r.Digest)
			return err
		}, ErrForbidden, 0},
		{"foreign_approver", func(w *world, r Release) error {
			_, err := w.s.Approve(w.t.Context(), approver("r-1", 1), r.ID, r.Digest)
			return err
		}, store.ErrNotFound, 0},
		{"assessor_approves", func(w *world, r Release) error {
			_, err := w.s.Approve(w.t.Context(), assessor, r.ID, r.Digest)
			return err
		}, ErrForbidden, 0},
		{"donor_approves", func(w *world, r Release) error {
			_, err := w.s.Approve(w.t.Context(), donorA, r.ID, r.Digest)
			return err
		}, store.ErrNotFound, 0},
		{"edit_voids_the_first_yes", func(w *world, r Release) error {
			if _, err := w.s.Approve(w.t.Context(), approver("r-0", 1), r.ID, r.Digest); err != nil {
				return err
			}
			wish := w.wish("r-0", Reasoned, "d-a")
			wish.Quantities = map[string]int{wish.Needs[0]: 9}
			e, err := w.s.Edit(w.t.Context(), admin("r-0"), r.ID, wish)
			if err != nil {
				return err
			}
			_, err = w.s.Approve(w.t.Context(), approver("r-0", 2), e.ID, e.Digest)
			return err
		}, nil, 0},
		{"edit_back_needs_two_again", func(w *world, r Release) error {
			if _, err := w.s.Approve(w.t.Context(), approver("r-0", 1), r.ID, r.Digest); err != nil {
				return err
			}
			e, err := w.s.Edit(w.t.Context(), admin("r-0"), r.ID, w.wish("r-0", Reasoned, "d-a"))
			if err != nil {
				return err
			}
			_, err = w.s.Approve(w.t.Context(), approver("r-0", 2), e.ID, e.Digest)
			return err
		}, nil, 0},
		{"edit_after_publishing", func(w *world, r Release) error {
			if err := approveTwice(w, r, r.Digest); err != nil {
				return err
			}
			_, err := w.s.Edit(w.t.Context(), admin("r-0"), r.ID, w.wish("r-0", Reasoned, "d-a"))
			return err
		}, ErrState, 1},
		{"date_passed_before_the_second_yes", func(w *world, r Release) error {
			if _, err := w.s.Approve(w.t.Context(), approver("r-0", 1), r.ID, r.Digest); err != nil {
				return err
			}
			w.now = r.Until
			_, err := w.s.Approve(w.t.Context(), approver("r-0", 2), r.ID, r.Digest)
			return err
		}, ErrUntil, 0},
		{"expires", func(w *world, r Release) error {
			err := approveTwice(w, r, r.Digest)
			w.now = r.Until
			return err
		}, nil, 0},
		{"withdrawn", func(w *world, r Release) error {
			if err := approveTwice(w, r, r.Digest); err != nil {
				return err
			}
			return w.s.Withdraw(w.t.Context(), approver("r-0", 1), r.ID, "we changed our mind")
		}, nil, 0},
		{"withdrawn_by_a_donor", func(w *world, r Release) error {
			if err := approveTwice(w, r, r.Digest); err != nil {
				return err
			}
			return w.s.Withdraw(w.t.Context(), donorA, r.ID, "")
		}, store.ErrNotFound, 1},
		{"approve_after_withdrawal", func(w *world, r Release) error {
			if err := w.s.Withdraw(w.t.Context(), admin("r-0"), r.ID, ""); err != nil {
				return err
			}
			return approveTwice(w, r, r.Digest)
		}, ErrState, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, storetest.New(t))
			r := w.draft(w.wish("r-0", Reasoned, "d-a"))
			if err := tt.do(w, r); !errors.Is(err, tt.want) {
				t.Fatalf("got error %v, want %v", err, tt.want)
			}
			if got := len(w.entries(donorA)); got != tt.seen {
				t.Errorf("donor A reads %d entries, want %d", got, tt.seen)
			}
			if got := len(w.entries(donorB)); got != 0 {
				t.Errorf("donor B, who is not in the audience, reads %d entries", got)
			}
			if err := w.st.View(t.Context(), func(tx *store.Tx) error { _, _, err := tx.VerifyAudit(); return err }); err != nil {
				t.Errorf("audit: %v", err)
			}
		})
	}
}

func approveTwice(w *world, r Release, digest string) error {
	for n := range 2 {
		if _, err := w.s.Approve(w.t.Context(), approver("r-0", n), r.ID, digest); err != nil {
			return err
		}
	}
	return nil
}

func TestDraftRefuses(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	tests := []struct {
		name  string
		actor access.Actor
		spoil func(*Wish)
		want  error
	}{
		{"donor", donorA, func(*Wish) {}, store.ErrNotFound},
		{"approver_may_not_propose", approver("r-0", 1), func(*Wish) {}, ErrForbidden},
		{"foreign_admin", admin("r-1"), func(*Wish) {}, store.ErrNotFound},
		{"past_date", admin("r-0"), func(x *Wish) { x.Until = w.now }, ErrUntil},
		{"for_ever", admin("r-0"), func(x *Wish) { x.Until = w.now.AddDate(2, 0, 0) }, ErrUntil},
		{"level_4", admin("r-0"), func(x *Wish) { x.Level = 4 }, ErrLevel},
		{"nobody", admin("r-0"), func(x *Wish) { x.Audience = nil }, ErrAudience},
		{"unknown_donor", admin("r-0"), func(x *Wish) { x.Audience = []string{"d-x"} }, ErrAudience},
		{"no_need", admin("r-0"), func(x *Wish) { x.Needs = nil }, ErrNeeds},
		{"need_of_another", admin("r-0"), func(x *Wish) { x.Needs = []string{need.ID("r-1", "backup_storage")} }, ErrNeeds},
		{"twice_the_same", admin("r-0"), func(x *Wish) { x.Needs = append(x.Needs, x.Needs[0]) }, ErrNeeds},
		{"no_quantity", admin("r-0"), func(x *Wish) { x.Quantities = map[string]int{x.Needs[0]: 0} }, ErrQuantity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wish := w.wish("r-0", Named, "d-a")
			tt.spoil(&wish)
			if _, err := w.s.Draft(t.Context(), tt.actor, wish); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestScreenRefuses(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	for kind, words := range map[string][]string{
		"address":       {"reach 10.0.0.7", "fe80:1:2::7 is down", "write to a@b.ua", "see https://x.ua/y"},
		"vulnerability": {"because of CVE-2024-3094", "GHSA-xxxx applies"},
		"path":          {"/etc/shadow is open", "C:\\Windows is old", "see (/var/log)"},
		"version":       {"we run 9.3.1 still"},
		"control":       {"ssh.root_login fails"},
		"name":          {"the host srv-r-0-1 is old", "SRV-R-0-2!"},
	} {
		for _, text := range words {
			wish := w.wish("r-0", Reasoned, "d-a")
			wish.Purpose = remedies.Text{"uk": "Гаразд.", "en": text}
			_, err := w.s.Draft(t.Context(), admin("r-0"), wish)
			var bad *ScreenError
			if !errors.As(err, &bad) || bad.Kind != kind {
				t.Errorf("%q: got %v, want a screen error of kind %s", text, err, kind)
			}
			if err != nil && strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats the text: %v", err)
			}
		}
	}
	for _, text := range []string{"Recover within 4 hours, 24/7, for EUR 3.5 thousand.", "Two sites and/or the archive."} {
		wish := w.wish("r-0", Reasoned, "d-a")
		wish.Purpose["en"] = text
		if _, err := w.s.Draft(t.Context(), admin("r-0"), wish); err != nil {
			t.Errorf("%q was refused: %v", text, err)
		}
	}
}

func TestLevels(t *testing.T) {
	tests := []struct {
		level                           Level
		read, named, sector, size, why3 bool
	}{
		{TotalsOnly, false, false, false, false, false},
		{Anonymous, true, false, true, true, false},
		{Named, true, true, true, true, false},
		{Reasoned, true, true, true, true, true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("level_", int(tt.level)), func(t *testing.T) {
			w := newWorld(t, storetest.New(t))
			w.publish(w.wish("r-0", tt.level, "d-a"))
			list := w.entries(donorA)
			if (len(list) == 1) != tt.read {
				t.Fatalf("donor reads %d entries", len(list))
			}
			if !tt.read {
				return
			}
			e := list[0]
			got := []bool{len(e.Recipient) > 0, e.Sector != "", e.SizeBand != "", len(e.Purpose) > 0 && e.Sites > 0 && len(e.Items[0].Capability) > 0}
			if want := []bool{tt.named, tt.sector, tt.size, tt.why3}; !slices.Equal(got, want) {
				t.Errorf("named, sector, size, reason: got %v, want %v", got, want)
			}
			if e.Items[0].Cost.Low <= 0 || e.Items[0].LineReason.In("uk") == "" || e.Points.High <= 0 {
				t.Errorf("entry says too little: %+v", e)
			}
		})
	}
}

func TestSmallGroupsAreNotDescribed(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-6", Anonymous, "d-a")) // one of two in its sector
	e := w.entries(donorA)[0]
	if e.Sector != "" || e.SizeBand != "" {
		t.Errorf("sector %q and size %q of a group of two are shown", e.Sector, e.SizeBand)
	}
	if !slices.Contains(e.Withheld, Withheld{"sector", "k_threshold"}) {
		t.Errorf("withheld says %v", e.Withheld)
	}
}

func TestPseudonymsDiffer(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	r := w.publish(w.wish("r-0", Anonymous, "d-a", "d-b"))
	a, b := w.entries(donorA)[0].Ref, w.entries(donorB)[0].Ref
	if a == b || a == r.ID || a == "" {
		t.Errorf("references %q and %q of release %q", a, b, r.ID)
	}
	p, err := w.s.Preview(t.Context(), approver("r-0", 1), r.ID, "d-a")
	if err != nil || p.Ref != a {
		t.Errorf("preview has reference %q, the donor reads %q (%v)", p.Ref, a, err)
	}
	if _, err := w.s.Entry(t.Context(), donorB, Page, a); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("donor B reads with donor A's reference: %v", err)
	}
}

// TestAnonymousEntriesTellNoDay releases two needs of one recipient without its name: neither their dates nor their
// order may tell that they belong together.
func TestAnonymousEntriesTellNoDay(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	for _, remedy := range []string{"backup_storage", "backup_training", "backup_setup"} {
		wish := w.wish("r-0", Anonymous, "d-a")
		wish.Needs = []string{need.ID("r-0", remedy)}
		w.publish(wish)
		w.now = w.now.Add(time.Minute)
	}
	list := w.entries(donorA)
	for i, e := range list {
		if !strings.HasSuffix(e.Published, "-01") || !strings.HasSuffix(e.Until, "-01") {
			t.Errorf("entry shows %s and %s", e.Published, e.Until)
		}
		if i > 0 && list[i-1].Ref > e.Ref {
			t.Error("entries are not ordered by reference")
		}
	}
}

// TestDifferencing releases one need with and without the name to one donor, in both orders.
func TestDifferencing(t *testing.T) {
	for _, order := range [][2]Level{{Anonymous, Named}, {Named, Anonymous}, {Anonymous, Reasoned}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			w := newWorld(t, storetest.New(t))
			first := w.publish(w.wish("r-0", order[0], "d-a"))
			if err := w.s.Withdraw(t.Context(), admin("r-0"), first.ID, ""); err != nil { // taking it back does not make the donor forget
				t.Fatal(err)
			}
			r := w.draft(w.wish("r-0", order[1], "d-a", "d-b"))
			if err := approveTwice(w, r, r.Digest); !errors.Is(err, ErrLinkable) {
				t.Errorf("got %v, want ErrLinkable", err)
			}
			r = w.draft(w.wish("r-0", order[1], "d-b")) // another donor has seen nothing
			if err := approveTwice(w, r, r.Digest); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestImmediateIsEmbargoed(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	// No host of this world is open to the Internet, so the rule is tried on a run with the urgency set by hand.
	run, _, err := w.s.Run(t.Context(), "r-0")
	if err != nil {
		t.Fatal(err)
	}
	run = run.Only(func(*need.Need) bool { return true }) // a copy of its own
	n, _ := run.Find(need.ID("r-0", "backup_storage"))
	n.Urgency = remedies.Immediate
	for level, want := range map[Level]error{TotalsOnly: nil, Anonymous: nil, Named: ErrEmbargo, Reasoned: ErrEmbargo} {
		w.tx(func(tx *store.Tx) error {
			if err := w.s.fill(tx, &store.Release{}, w.wish("r-0", level, "d-a"), run); !errors.Is(err, want) {
				t.Errorf("level %d: got %v, want %v", level, err, want)
			}
			return nil
		})
	}
}

func TestReadLedger(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	r := w.publish(w.wish("r-0", Named, "d-a", "d-b"))
	w.entries(donorA)
	w.entries(donorA)
	if _, err := w.s.Entries(t.Context(), donorB, File, Filter{Kind: remedies.Training}); err != nil { // filtered away: not read
		t.Fatal(err)
	}
	reads, err := w.s.Reads(t.Context(), admin("r-0"), "r-0")
	if err != nil {
		t.Fatal(err)
	}
	if len(reads) != 1 || reads[0].DonorID != "d-a" || reads[0].UserID != "u-da" || reads[0].Times != 2 || reads[0].ReleaseID != r.ID {
		t.Errorf("ledger: %+v", reads)
	}
	if _, err := w.s.Reads(t.Context(), donorA, "r-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor reads the ledger: %v", err)
	}
}

func TestWithdrawalReachesEveryChannel(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	r := w.publish(w.wish("r-0", Named, "d-a"))
	ref := w.entries(donorA)[0].Ref
	p, err := w.s.Pledge(t.Context(), donorA, ref, Offer{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.s.Withdraw(t.Context(), admin("r-0"), r.ID, "canary-reason"); err != nil {
		t.Fatal(err)
	}
	for _, channel := range []string{Page, API, File} {
		if list, err := w.s.Entries(t.Context(), donorA, channel, Filter{}); err != nil || len(list) != 0 {
			t.Errorf("%s: %d entries, %v", channel, len(list), err)
		}
	}
	if _, err := w.s.Entry(t.Context(), donorA, API, ref); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("entry: %v", err)
	}
	if _, _, err := w.s.Overlaps(t.Context(), donorA, ref, Offer{Quantity: 1}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("overlaps: %v", err)
	}
	if err := w.s.Commit(t.Context(), donorA, p.ID); !errors.Is(err, ErrState) {
		t.Errorf("commit: %v", err)
	}
	gone, err := w.s.Withdrawals(t.Context(), donorA)
	if err != nil || len(gone) != 1 || gone[0].Ref != ref || gone[0].Why != Withdrawn {
		t.Errorf("withdrawals: %+v, %v", gone, err)
	}
	own, err := w.s.OwnPledges(t.Context(), donorA)
	if err != nil || len(own) != 1 || own[0].State != Cancelled {
		t.Errorf("own pledges: %+v, %v", own, err)
	}
}

// TestBothEngines goes the whole way once on each engine.
func TestBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		ctx := t.Context()
		must := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		must("profile", w.s.PutProfile(ctx, admin("r-0"), store.Profile{RecipientID: "r-0", Criticality: "2", Users: 20, Admins: 2}))
		r := w.publish(w.wish("r-0", Named, "d-a"))
		ref := w.entries(donorA)[0].Ref
		p, err := w.s.Pledge(ctx, donorA, ref, Offer{Quantity: 1})
		must("pledge", err)
		must("commit", w.s.Commit(ctx, donorA, p.ID))
		must("procure", w.s.Procure(ctx, donorA, p.ID))
		must("deliver", w.s.Deliver(ctx, donorA, p.ID, 1))
		must("commission", w.s.Commission(ctx, admin("r-0"), p.ID))
		for range 3 {
			w.now = w.now.AddDate(0, 0, 4)
			for h := range 3 {
				w.host("r-0", h, assessment.Pass)
			}
			must("tick", w.s.Tick(ctx))
		}
		reports, err := w.s.Effects(ctx, assessor, "r-0")
		must("effects", err)
		if len(reports) != 1 || reports[0].Pledge.State != Verified || len(reports[0].Events) != 6 {
			t.Errorf("effects: %+v", reports)
		}
		_, err = w.s.Freeze(ctx, coordinator)
		must("freeze", err)
		board, err := w.s.Board(ctx, coordinator)
		must("board", err)
		if len(board.Quarters) != 1 || board.Quarters[0].Verified <= 0 {
			t.Errorf("board: %+v", board)
		}
		_, err = w.s.BestSet(ctx, donorA, API, BudgetWish{EUR: 1e5})
		must("best set", err)
		reads, err := w.s.Reads(ctx, admin("r-0"), "r-0")
		must("reads", err)
		if len(reads) == 0 {
			t.Error("nothing was read")
		}
		must("withdraw", w.s.Withdraw(ctx, admin("r-0"), r.ID, ""))
		if list := w.entries(donorA); len(list) != 0 {
			t.Errorf("entries after the withdrawal: %+v", list)
		}
		must("audit", st.View(ctx, func(tx *store.Tx) error { _, _, err := tx.VerifyAudit(); return err }))
	})
}

// TestTrainingIsMeasured lets one control come back again and again: the training that would end it becomes a need,
// with the hosts as evidence.
func TestTrainingIsMeasured(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	if run, _, err := w.s.Run(t.Context(), "r-0"); err != nil {
		t.Fatal(err)
	} else if n, ok := run.Find(need.ID("r-0", "backup_training")); !ok || slices.Contains(n.Capabilities, "skills") {
		t.Fatalf("before: %+v", n)
	}
	w.tx(func(tx *store.Tx) error {
		f := store.Finding{ID: "f-1", HostID: "h-r-0-0", RecipientID: "r-0", SiteID: "s-r-0", Control: "continuity.backup_recent", Capability: "backup", Severity: assessment.Medium}
		for day := range 5 { // failed, mended, failed, mended, failed
			st := assessment.Fail
			if day%2 == 1 {
				st = assessment.Pass
			}
			f.Record, _ = review.Observe(f.Record, review.Observation{Status: st, ReasonID: "x", Measured: w.now.AddDate(0, 0, day-10)})
		}
		return tx.PutFinding(f)
	})
	w.host("r-0", 0, assessment.Fail) // something arrives
	run, _, err := w.s.Run(t.Context(), "r-0")
	if err != nil {
		t.Fatal(err)
	}
	n, ok := run.Find(need.ID("r-0", "backup_training"))
	if !ok || !slices.Contains(n.Controls, "recurring.backup") || n.ECSF == "" {
		t.Errorf("after: %+v", n)
	}
}

// TestTrendFollows: what was derived is used until something arrives, and no longer.
func TestTrendFollows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		at := func() []time.Time { return []time.Time{w.now.AddDate(0, -1, 0), w.now} }
		read := func() TrendPoint {
			t.Helper()
			points, err := w.s.Trend(t.Context(), admin("r-0"), "r-0", at())
			if err != nil || len(points) != 2 {
				t.Fatal(points, err)
			}
			return points[1]
		}
		before := read()
		if again := read(); again != before {
			t.Errorf("nothing happened, and %+v became %+v", before, again)
		}
		w.host("r-0", 7, assessment.Fail)
		if after := read(); after.Known != before.Known+1 {
			t.Errorf("a host came, and %+v became %+v", before, after)
		}
		w.now = w.now.AddDate(0, 2, 0)
		if after := read(); after.Measured != 0 || after.Known != before.Known+1 {
			t.Errorf("two months without a report: %+v", after)
		}
		if _, err := w.s.Trend(t.Context(), admin("r-1"), "r-0", at()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another recipient's administrator reads it: %v", err)
		}
	})
}
