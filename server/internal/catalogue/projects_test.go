package catalogue

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

var projectTitle = remedies.Text{"uk": "Резервне копіювання для лікарень області", "en": "Backups for the hospitals of the region"}

func (w *world) project(lead string) (Project, string) {
	w.t.Helper()
	p, code, err := w.s.NewProject(w.t.Context(), admin(lead), Project{
		Lead: lead, Title: projectTitle, Purpose: remedies.Text{"uk": "Відновлювати дані за добу.", "en": "To restore data within a day."},
		Schedule: Schedule{From: "2027-01-10", To: "2027-12-20", Steps: []ScheduleStep{{"2027-06-01", remedies.Text{"uk": "Постачання", "en": "Delivery"}}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p, code
}

// donorBytes is everything that a donor gets by any way of reading.
func (w *world) donorBytes(a access.Actor) string {
	w.t.Helper()
	ctx := w.t.Context()
	var b bytes.Buffer
	put := func(v any, err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
		data, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		b.Write(data)
	}
	list, err := w.s.Entries(ctx, a, API, Filter{})
	put(list, err)
	put(w.s.JointEntries(ctx, a, Page))
	put(w.s.Withdrawals(ctx, a))
	put(w.s.BestSet(ctx, a, API, BudgetWish{EUR: 1e6}))
	for _, lang := range remedies.Langs {
		for _, e := range list {
			b.WriteString(e.Plain(lang))
		}
		if err := errors.Join(WriteCSV(&b, list, lang), ignoreNothing(WritePOAM(&b, list, lang, w.now))); err != nil {
			w.t.Fatal(err)
		}
	}
	return b.String()
}

func ignoreNothing(err error) error {
	if errors.Is(err, ErrNothing) {
		return nil
	}
	return err
}

// TestJointProject walks a project of three recipients: a donor sees of it what two persons of each approved, and no sign
// of those who have not.
func TestJointProject(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	ctx := t.Context()
	p, code := w.project("r-0")
	for _, r := range []string{"r-1", "r-2"} {
		if _, err := w.s.JoinProject(ctx, admin(r), r, strings.ToLower(strings.ReplaceAll(code, "-", " "))); err != nil {
			t.Fatal(err)
		}
	}
	part := func(r string, level Level) Release {
		wish := w.wish(r, level, "d-a")
		wish.Project = p.ID
		return w.draft(wish)
	}
	approve := func(r Release, n int) {
		t.Helper()
		if _, err := w.s.Approve(ctx, approver(r.Recipient, n), r.ID, r.Digest); err != nil {
			t.Fatal(err)
		}
	}
	a, b := part("r-0", Reasoned), part("r-1", Named)
	empty := w.donorBytes(donorA)
	if strings.Contains(empty, "Backups for the hospitals") {
		t.Fatal("a donor reads of a project that nobody approved")
	}
	approve(a, 1)
	approve(b, 1)
	if w.donorBytes(donorA) != empty {
		t.Fatal("one person's yes changed what a donor reads")
	}
	approve(a, 2)
	got := w.donorBytes(donorA)
	for _, word := range []string{"Backups for the hospitals", "Hospital 0", "To restore data within a day", "2027-06-01"} {
		if !strings.Contains(got, word) {
			t.Errorf("the donor does not read %q", word)
		}
	}
	for _, word := range []string{"Hospital 1", "Hospital 2", "r-1", "r-2", "№1", "№2"} {
		if strings.Contains(got, word) {
			t.Errorf("the donor reads %q of a recipient that has not approved", word)
		}
	}
	// What the others do leaves no trace at the donor's: not even a byte.
	if _, err := w.s.JoinProject(ctx, admin("r-3"), "r-3", code); err != nil {
		t.Fatal(err)
	}
	part("r-2", Named)
	if err := w.s.LeaveProject(ctx, admin("r-3"), p.ID, "r-3"); err != nil {
		t.Fatal(err)
	}
	if w.donorBytes(donorA) != got {
		t.Error("what others prepare shows at the donor's")
	}
	if other := w.donorBytes(donorB); strings.Contains(other, "hospitals of the region") {
		t.Error("a donor outside the audience reads of the project")
	}
	approve(b, 2)
	joint, err := w.s.JointEntries(ctx, donorA, Page)
	if err != nil || len(joint) != 1 || len(joint[0].Entries) != 2 {
		t.Fatalf("joint entries %+v, %v", joint, err)
	}
	j := joint[0]
	if sum := j.Entries[0].Funding.Required + j.Entries[1].Funding.Required; j.Funding.Required != sum || j.Cost.Mid() != sum {
		t.Errorf("required %g of parts that need %g", j.Funding.Required, sum)
	}
	for _, e := range j.Entries {
		if hospital1 := e.Recipient.In("en") == "Hospital 1"; hospital1 == (len(e.Project.Purpose) > 0) {
			t.Errorf("the purpose is read at level 3 and not at level 2: %s", e.Recipient.In("en"))
		}
	}
	if err := w.s.Withdraw(ctx, admin("r-0"), a.ID, ""); err != nil {
		t.Fatal(err)
	}
	left := w.donorBytes(donorA)
	if strings.Contains(left, "Hospital 0") || strings.Contains(left, "To restore data within a day") {
		t.Error("a part that was taken back is still read")
	}
}

// TestProjectWordsChange makes a new version while parts are in every state.
func TestProjectWordsChange(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	ctx := t.Context()
	p, code := w.project("r-0")
	if _, err := w.s.JoinProject(ctx, admin("r-1"), "r-1", code); err != nil {
		t.Fatal(err)
	}
	wish := func(r string) Wish { v := w.wish(r, Named, "d-a"); v.Project = p.ID; return v }
	w.publish(wish("r-0"))
	draft := w.draft(wish("r-1"))
	if _, err := w.s.Approve(ctx, approver("r-1", 1), draft.ID, draft.Digest); err != nil {
		t.Fatal(err)
	}
	p.Title = remedies.Text{"uk": "Нова назва", "en": "Another title"}
	p, err := w.s.EditProject(ctx, admin("r-0"), p)
	if err != nil || p.Version != 2 || len(p.Versions) != 2 || p.Versions[0].Title.In("en") != projectTitle["en"] {
		t.Fatalf("after the edit: %+v, %v", p, err)
	}
	if got := w.donorBytes(donorA); strings.Contains(got, "Another title") {
		t.Error("donors read words that nobody approved")
	}
	if _, err := w.s.Approve(ctx, approver("r-1", 2), draft.ID, draft.Digest); !errors.Is(err, ErrChanged) {
		t.Errorf("a yes to words that were replaced: %v", err)
	}
	old, err := w.s.Wish(ctx, admin("r-1"), draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.s.Edit(ctx, admin("r-1"), draft.ID, old)
	if err != nil || again.Text.Project.Version != 2 || again.Missing != Approvals {
		t.Fatalf("taken over: %+v, %v", again.Text.Project, err)
	}
	versions, err := w.s.Versions(ctx, admin("r-1"), draft.ID)
	if err != nil || len(versions) != 2 || versions[0].Digest != draft.Digest || versions[1].Digest != again.Digest {
		t.Errorf("versions of the draft: %+v, %v", versions, err)
	}
	for n := range 2 {
		if _, err := w.s.Approve(ctx, approver("r-1", n+1), again.ID, again.Digest); err != nil {
			t.Fatal(err)
		}
	}
	joint, err := w.s.JointEntries(ctx, donorA, Page)
	if err != nil || len(joint) != 1 || joint[0].Title.In("en") != "Another title" || len(joint[0].Entries) != 2 {
		t.Errorf("both parts under the newest words: %+v, %v", joint, err)
	}
}

// TestProjectRefuses is what does not go, and what a refusal tells.
func TestProjectRefuses(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	ctx := t.Context()
	p, code := w.project("r-0")
	outsider := admin("r-5")
	for name, err := range map[string]error{
		"read":        second2(w.s.Project(ctx, outsider, p.ID)),
		"edit":        second2(w.s.EditProject(ctx, outsider, p)),
		"wrong_code":  second2(w.s.JoinProject(ctx, outsider, "r-5", "AAAA-BBBB-CCCC-DDDD")),
		"donor":       second2(w.s.Project(ctx, donorA, p.ID)),
		"coordinator": second2(w.s.Project(ctx, coordinator, p.ID)),
		"for_another": second2(w.s.JoinProject(ctx, outsider, "r-6", code)),
		"leave":       w.s.LeaveProject(ctx, outsider, p.ID, "r-5"),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.s.JoinProject(ctx, admin("r-1"), "r-1", code); err != nil {
		t.Fatal(err)
	}
	seen, err := w.s.Project(ctx, admin("r-1"), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(seen.Parts, func(v ProjectPart) bool { return v.Recipient == "r-0" }); seen.Parts[i].Own || seen.Parts[i].Release != "" {
		t.Errorf("a participant sees more of another than name and state: %+v", seen.Parts[i])
	}
	named := p
	named.Title = remedies.Text{"uk": "Лікарня №1 та інші", "en": "Hospital 1 and others"}
	var screened *ScreenError
	if _, err := w.s.EditProject(ctx, admin("r-0"), named); !errors.As(err, &screened) || screened.Word != "" {
		t.Errorf("the lead names another recipient: %v", err)
	}
	hosts := p
	hosts.Title = remedies.Text{"uk": "Заміна srv-r-1-0", "en": "Replace srv-r-1-0"}
	if _, err := w.s.EditProject(ctx, admin("r-0"), hosts); err != nil {
		t.Errorf("a refusal would tell the lead of another recipient's host: %v", err)
	}
	wish := w.wish("r-1", Named, "d-a")
	wish.Project = p.ID
	if _, err := w.s.Draft(ctx, admin("r-1"), wish); !errors.As(err, &screened) {
		t.Errorf("a part whose project names a host of its recipient: %v", err)
	}
	if _, err := w.s.EditProject(ctx, admin("r-1"), p); !errors.Is(err, ErrForbidden) {
		t.Errorf("a participant writes the project: %v", err)
	}
	wish = w.wish("r-0", Anonymous, "d-a")
	wish.Project = p.ID
	if _, err := w.s.Draft(ctx, admin("r-0"), wish); !errors.Is(err, ErrProject) {
		t.Errorf("an anonymous part: %v", err)
	}
	wish = w.wish("r-2", Named, "d-a")
	wish.Project = p.ID
	if _, err := w.s.Draft(ctx, admin("r-2"), wish); !errors.Is(err, ErrProject) {
		t.Errorf("a part of a recipient that did not join: %v", err)
	}
	for name, d := range map[string]Schedule{
		"no_end": {From: "2027-01-01"}, "reversed": {From: "2027-02-01", To: "2027-01-01"}, "no_date": {From: "soon", To: "2027-01-01"},
		"step_outside": {From: "2027-01-01", To: "2027-02-01", Steps: []ScheduleStep{{"2028-01-01", projectTitle}}},
		"step_silent":  {From: "2027-01-01", To: "2027-02-01", Steps: []ScheduleStep{{By: "2027-01-05"}}},
	} {
		bad := p
		bad.Schedule = d
		if _, err := w.s.EditProject(ctx, admin("r-0"), bad); !errors.Is(err, ErrSchedule) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.s.LeaveProject(ctx, admin("r-0"), p.ID, "r-0"); !errors.Is(err, ErrState) {
		t.Errorf("the lead leaves: %v", err)
	}
	if _, err := w.s.NewCode(ctx, admin("r-0"), p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.JoinProject(ctx, admin("r-2"), "r-2", code); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old code: %v", err)
	}
	if err := w.s.CloseProject(ctx, admin("r-0"), p.ID); err != nil {
		t.Fatal(err)
	}
	wish = w.wish("r-0", Named, "d-a")
	wish.Project = p.ID
	if _, err := w.s.Draft(ctx, admin("r-0"), wish); !errors.Is(err, ErrProject) {
		t.Errorf("a part of a closed project: %v", err)
	}
}

// TestShapes splits, merges and restates needs, and looks at what reaches a release.
func TestShapes(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	ctx, a := t.Context(), admin("r-0")
	w.tx(func(tx *store.Tx) error {
		return tx.PutSite(store.Site{ID: "s-second", RecipientID: "r-0", NameUK: "Філія", NameEN: "Branch", Created: w.now})
	})
	w.tx(func(tx *store.Tx) error {
		if err := tx.AddHost(store.Host{ID: "h-second", RecipientID: "r-0", SiteID: "s-second", TokenID: "t", Name: "second", SPKI: []byte("2"), MachineDigest: []byte("2"), Measured: w.now, Enrolled: w.now}); err != nil {
			return err
		}
		return tx.PutResult(store.Result{HostID: "h-second", Control: "continuity.backup_recent", Capability: "backup", Severity: assessment.Medium, Status: assessment.Fail, Since: w.now})
	})
	find := func() *need.Need {
		t.Helper()
		run, err := w.s.Needs(ctx, a, "r-0")
		if err != nil {
			t.Fatal(err)
		}
		for i := range run.Needs {
			if run.Needs[i].Splittable() {
				return &run.Needs[i]
			}
		}
		t.Fatal("nothing to split")
		return nil
	}
	n := find()
	if _, err := w.s.Split(ctx, donorA, "r-0", n.ID, []string{"s-second"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor splits: %v", err)
	}
	for name, sites := range map[string][]string{"none": nil, "all": n.Sites, "foreign": {"s-r-1"}} {
		if _, err := w.s.Split(ctx, a, "r-0", n.ID, sites); !errors.Is(err, ErrNeeds) {
			t.Errorf("split %s: %v", name, err)
		}
	}
	before := w.now
	w.now = w.now.Add(time.Hour)
	if _, err := w.s.Split(ctx, a, "r-0", n.ID, []string{"s-second"}); err != nil {
		t.Fatal(err)
	}
	part := need.PartID(n.ID, []string{"s-second"})
	run, err := w.s.Needs(ctx, a, "r-0")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := run.Find(part); !ok {
		t.Fatal("the part is not among the needs")
	}
	past, err := w.s.Past(ctx, a, "r-0", before)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := past.Run.Find(part); ok {
		t.Error("the split reaches back in time")
	}
	// An anonymous release of the whole and a named one of a part could be joined by the donor.
	anonymous := w.wish("r-0", Anonymous, "d-a")
	anonymous.Needs = []string{n.ID}
	w.publish(anonymous)
	named := w.wish("r-0", Named, "d-a")
	named.Needs = []string{part}
	d := w.draft(named)
	if _, err := w.s.Approve(ctx, approver("r-0", 1), d.ID, d.Digest); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Approve(ctx, approver("r-0", 2), d.ID, d.Digest); !errors.Is(err, ErrLinkable) {
		t.Errorf("a split need gets around the differencing check: %v", err)
	}
	counted := func() (c contribution) {
		t.Helper()
		w.tx(func(tx *store.Tx) error {
			fresh, err := w.s.cells(tx)
			c = fresh["kind"][string(n.Kind)]["r-0"]
			return err
		})
		return c
	}
	parts := w.wish("r-0", Anonymous, "d-a", "d-b")
	parts.Needs = []string{part}
	w.publish(parts)
	if got := counted(); got.Needs != 2 {
		t.Errorf("two parts count as %+v", got)
	}
	if v, err := w.s.Merge(ctx, a, "r-0", n.ID, part); err != nil || len(v.Splits) != 0 || v.Version != 2 {
		t.Errorf("rejoined: %+v, %v", v, err)
	}
	// The whole and its parts are out at the same time: what the recipient asks for counts once.
	whole := w.wish("r-0", Anonymous, "d-b")
	whole.Needs = []string{n.ID}
	w.publish(whole)
	if got := counted(); got.Needs != 1 || got.Cost != n.Cost {
		t.Errorf("a need that is out whole and in parts counts %+v, want one of %+v", got, n.Cost)
	}
	backup, training := need.ID("r-1", "backup_storage"), need.ID("r-1", "backup_training")
	if _, err := w.s.Merge(ctx, admin("r-1"), "r-1", backup, training); err != nil {
		t.Fatal(err)
	}
	wish := w.wish("r-1", Reasoned, "d-a")
	wish.Title = projectTitle
	r := w.publish(wish)
	if len(r.Text.Items) != 2 {
		t.Errorf("a merged need gives %d items to fund", len(r.Text.Items))
	}
	why := remedies.Text{"uk": "Таємне обґрунтування.", "en": "Secret justification."}
	if _, err := w.s.OwnFigures(ctx, admin("r-2"), "r-2", need.Own{Need: need.ID("r-2", "backup_storage"), Quantity: 7}); err == nil {
		t.Error("a figure without a reason was taken")
	}
	if _, err := w.s.OwnFigures(ctx, admin("r-2"), "r-2", need.Own{Need: need.ID("r-2", "backup_storage"), Quantity: 7, UnitCost: need.Money{Low: 1000, High: 2000}, Why: why}); err != nil {
		t.Fatal(err)
	}
	own := w.publish(w.wish("r-2", Reasoned, "d-a"))
	if i := own.Text.Items[0]; i.Quantity != 7 || i.Cost != (need.Money{Low: 7000, High: 14000}) || i.CostSource != "recipient" {
		t.Errorf("own figures in the text: %+v", i)
	}
	if strings.Contains(w.donorBytes(donorA), "Secret justification") {
		t.Error("a donor reads the justification")
	}
	if v, err := w.s.Restore(ctx, admin("r-2"), "r-2", need.ID("r-2", "backup_storage")); err != nil || len(v.Own) != 0 {
		t.Errorf("restored: %+v, %v", v, err)
	}
	if list, err := w.s.Shapes(ctx, approver("r-2", 1), "r-2"); err != nil || len(list) != 2 || len(list[0].Own) != 1 {
		t.Errorf("versions: %+v, %v", list, err)
	}
}
