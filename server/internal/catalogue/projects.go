package catalogue

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Project is what several recipients ask for together: title, purpose and schedule of one hand, and a part for each, which
// is a release that two persons of that recipient approve with the project's words in it. Who takes part sees who else
// does and how far they are, and nothing of their needs. Donors see the parts that were approved for them, and no sign
// of any other.
type Project struct {
	ID       string           `json:"id"`
	Lead     string           `json:"lead"`    // recipient who writes title, purpose and schedule
	Version  int              `json:"version"` // from 1
	Title    remedies.Text    `json:"title"`
	Purpose  remedies.Text    `json:"purpose,omitzero"`
	Schedule Schedule         `json:"schedule,omitzero"`
	Created  time.Time        `json:"created"`
	Closed   bool             `json:"closed,omitzero"` // nobody joins and nothing is drafted any more
	Parts    []ProjectPart    `json:"parts"`
	Versions []ProjectVersion `json:"versions"`
}

// ProjectPart is one recipient of a project as the others see it.
type ProjectPart struct {
	Recipient string        `json:"recipient"`
	Name      remedies.Text `json:"name"`
	State     string        `json:"state"` // none, or the state of its text for donors
	Joined    time.Time     `json:"joined"`
	// Release and Version are filled in for the reader's own recipients only.
	Release string `json:"release,omitzero"` // its text for donors
	Version int    `json:"version,omitzero"` // of the project, in that text
	Own     bool   `json:"own,omitzero"`
}

// ProjectVersion is what a project said at one time.
type ProjectVersion struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	ProjectWords
}

// ProjectWords are what a project says: all that its lead may write.
type ProjectWords struct {
	Title    remedies.Text `json:"title"`
	Purpose  remedies.Text `json:"purpose,omitzero"`
	Schedule Schedule      `json:"schedule,omitzero"`
}

// DonorProject is a project as a donor reads it: the words that the recipient of this part approved.
type DonorProject struct {
	Ref      string        `json:"ref"` // the same in all its parts
	Version  int           `json:"version"`
	Title    remedies.Text `json:"title"`
	Purpose  remedies.Text `json:"purpose,omitzero"` // level 3
	Schedule *Schedule     `json:"schedule,omitzero"`
}

// Schedule is when something should begin and be done, with steps between. Dates are UTC, 2006-01-02; empty: not said.
type Schedule struct {
	From  string         `json:"from,omitzero"`
	To    string         `json:"to,omitzero"`
	Steps []ScheduleStep `json:"steps,omitzero"`
}

// ScheduleStep is what should be done by a day.
type ScheduleStep struct {
	By   string        `json:"by"`
	Text remedies.Text `json:"text"`
}

// maxSteps bounds a schedule.
const maxSteps = 12

func (d *Schedule) empty() bool { return d.From == "" && d.To == "" && len(d.Steps) == 0 }

func (d *Schedule) texts() []remedies.Text {
	var out []remedies.Text
	for _, p := range d.Steps {
		out = append(out, p.Text)
	}
	return out
}

// check wants both ends, in order, and every step between them.
func (d *Schedule) check() error {
	if d.empty() {
		return nil
	}
	from, err1 := time.Parse(time.DateOnly, d.From)
	to, err2 := time.Parse(time.DateOnly, d.To)
	if err1 != nil || err2 != nil || !from.Before(to) || to.After(from.AddDate(10, 0, 0)) || len(d.Steps) > maxSteps {
		return ErrSchedule
	}
	for _, p := range d.Steps {
		by, err := time.Parse(time.DateOnly, p.By)
		if err != nil || by.Before(from) || by.After(to) || len(p.Text) == 0 {
			return ErrSchedule
		}
	}
	return nil
}

func (d *Schedule) plain(say func(string, ...any), lang string) {
	say("schedule", d.From, d.To)
	for _, p := range d.Steps {
		say("schedule_step", p.By, p.Text.In(lang))
	}
}

// schedule puts a schedule into a text as far as its level allows: the days of an anonymous entry would tell whose it is.
func (t *DonorNeed) schedule(d Schedule) {
	switch {
	case d.empty():
	case t.Level < Named:
		t.Withheld = append(t.Withheld, Withheld{"schedule", "consent"})
	default:
		t.Schedule = &d
	}
}

// partOf makes what a part says of its project; nil when it is none.
func (s *Service) partOf(tx *store.Tx, w Wish) (*DonorProject, error) {
	if w.Project == "" {
		return nil, nil
	}
	row, words, err := s.openProject(tx, w.Project, w.Recipient)
	if err != nil {
		return nil, err
	}
	if w.Level < Named {
		return nil, ErrProject
	}
	if err := s.screenProject(tx, row.ID, w.Recipient, words); err != nil {
		return nil, err
	}
	ref, err := s.projectRef(row.ID)
	if err != nil {
		return nil, err
	}
	p := &DonorProject{Ref: ref, Version: row.Version, Title: words.Title}
	if !words.Schedule.empty() {
		p.Schedule = &words.Schedule
	}
	if w.Level >= Reasoned {
		p.Purpose = words.Purpose
	}
	return p, nil
}

// projectRef is the project's name for donors. Parts name their recipients, so that it is the same for all donors. The
// key must have been loaded, see [Service.pseudonymKey].
func (s *Service) projectRef(id string) (string, error) {
	s.keyOnce.Lock()
	defer s.keyOnce.Unlock()
	if s.key == nil {
		return "", errors.New("name project: no key")
	}
	m := hmac.New(sha256.New, s.key)
	fmt.Fprintf(m, "project\x00%s", id)
	return "p-" + hex.EncodeToString(m.Sum(nil)[:8]), nil
}

// openProject reads a project that is open and in which the recipient takes part.
func (s *Service) openProject(tx *store.Tx, id, recipient string) (row store.Project, w ProjectWords, err error) {
	row, err = tx.Project(id)
	if errors.Is(err, store.ErrNotFound) {
		return row, w, ErrProject
	}
	if err != nil {
		return row, w, fmt.Errorf("read project: %w", err)
	}
	if _, err := partOfProject(tx, id, recipient); err != nil {
		return row, w, err
	}
	if !row.Closed.IsZero() {
		return row, w, ErrProject
	}
	w, err = decodeWords(row.Body)
	return row, w, err
}

func partOfProject(tx *store.Tx, id, recipient string) (store.ProjectPart, error) {
	parts, err := tx.ProjectParts(id)
	if err != nil {
		return store.ProjectPart{}, fmt.Errorf("read parts: %w", err)
	}
	i := slices.IndexFunc(parts, func(p store.ProjectPart) bool { return p.RecipientID == recipient })
	if i < 0 {
		return store.ProjectPart{}, ErrProject
	}
	return parts[i], nil
}

func decodeWords(body string) (w ProjectWords, err error) {
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		return w, fmt.Errorf("decode project: %w", err)
	}
	return w, nil
}

// takePart notes which release is a recipient's part.
func (s *Service) takePart(tx *store.Tx, w Wish, release string) error {
	if w.Project == "" {
		return nil
	}
	part, err := partOfProject(tx, w.Project, w.Recipient)
	if err != nil {
		return err
	}
	part.ReleaseID = release
	if err := tx.PutProjectPart(part); err != nil {
		return fmt.Errorf("store part: %w", err)
	}
	return nil
}

// sameProject refuses a yes to a text whose project says something else by now.
func (s *Service) sameProject(tx *store.Tx, row store.Release) error {
	var b basis
	var t DonorNeed
	if err := errors.Join(json.Unmarshal([]byte(row.Basis), &b), json.Unmarshal([]byte(row.Text), &t)); err != nil {
		return fmt.Errorf("decode release: %w", err)
	}
	if t.Project == nil {
		return nil
	}
	p, err := tx.Project(b.Wish.Project)
	if err != nil {
		return fmt.Errorf("read project: %w", err)
	}
	if _, err := partOfProject(tx, p.ID, row.RecipientID); err != nil {
		return err
	}
	if p.Version != t.Project.Version {
		return ErrChanged
	}
	return nil
}

// screenProject keeps every recipient of a project out of its words: one that has not approved must not be named by
// another.
func (s *Service) screenProject(tx *store.Tx, id, reader string, w ProjectWords) error {
	parts, err := tx.ProjectParts(id)
	if err != nil {
		return fmt.Errorf("read parts: %w", err)
	}
	who := []string{reader}
	for _, p := range parts {
		if p.RecipientID != reader {
			who = append(who, p.RecipientID)
		}
	}
	for _, r := range who {
		names, err := namesToScreen(tx, r, r == reader)
		if err != nil {
			return err
		}
		for _, t := range append([]remedies.Text{w.Title, w.Purpose}, w.Schedule.texts()...) {
			var found *ScreenError
			if err := screen(t, names); errors.As(err, &found) && r != reader {
				return &ScreenError{Kind: found.Kind}
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

// namesToScreen are the names of a recipient that must not stand in a project's words. Of another recipient they are only
// its own name, which who takes part knows: a refusal that rests on the name of a host would tell of that host.
func namesToScreen(tx *store.Tx, recipient string, own bool) ([]string, error) {
	if own {
		return forbiddenNames(tx, recipient, Anonymous)
	}
	org, err := tx.Recipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("read recipient: %w", err)
	}
	return []string{org.NameUK, org.NameEN, org.ID}, nil
}

// NewProject begins a project that the recipient leads, and returns the code by which others join. The code is shown
// once; it is passed on by the people who lead, outside of this program.
func (s *Service) NewProject(ctx context.Context, a access.Actor, p Project) (out Project, code string, err error) {
	if err := may(a, access.NeedsPropose, p.Lead); err != nil {
		return Project{}, "", err
	}
	if _, err := s.pseudonymKey(ctx); err != nil {
		return Project{}, "", err
	}
	code, digest := newCode()
	id := store.NewID("pr")
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		now := s.now().UTC()
		row := store.Project{ID: id, RecipientID: p.Lead, CodeDigest: digest, Created: now, CreatedBy: actorName(a)}
		if err := s.putProject(tx, a, &row, p, "project.new"); err != nil {
			return err
		}
		return tx.PutProjectPart(store.ProjectPart{ProjectID: id, RecipientID: p.Lead, Joined: now, JoinedBy: actorName(a)})
	})
	if err != nil {
		return Project{}, "", err
	}
	out, err = s.Project(ctx, a, id)
	return out, code, err
}

// newCode makes 80 random bits as people read them out, and their digest.
func newCode() (code, digest string) {
	var b [10]byte
	rand.Read(b[:]) //nolint:errcheck // never fails since Go 1.24
	text := base32.StdEncoding.EncodeToString(b[:])
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-"), codeDigest(text)
}

// codeDigest forgives hyphens, spaces and small letters.
func codeDigest(code string) string {
	h := sha256.Sum256([]byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))))
	return hex.EncodeToString(h[:])
}

// putProject writes the next version of a project.
func (s *Service) putProject(tx *store.Tx, a access.Actor, row *store.Project, p Project, action string) error {
	w := ProjectWords{p.Title, p.Purpose, p.Schedule}
	if len(w.Title) == 0 {
		return &ScreenError{Kind: "language", Word: "title"}
	}
	if err := w.Schedule.check(); err != nil {
		return err
	}
	if err := s.screenProject(tx, row.ID, row.RecipientID, w); err != nil {
		return err
	}
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encode project: %w", err)
	}
	row.Version, row.Body = row.Version+1, string(body)
	if err := tx.PutProject(*row, s.now().UTC(), actorName(a)); err != nil {
		return fmt.Errorf("store project: %w", err)
	}
	return s.audit(tx, a, action, "project:"+row.ID, row.RecipientID, map[string]any{"version": row.Version})
}

// EditProject makes a new version of title, purpose and schedule. Texts that were approved keep the words that were
// approved; drafts must be taken over by their recipients before anybody can approve them.
func (s *Service) EditProject(ctx context.Context, a access.Actor, p Project) (Project, error) {
	err := s.leads(ctx, a, p.ID, func(tx *store.Tx, row *store.Project) error { return s.putProject(tx, a, row, p, "project.edit") })
	if err != nil {
		return Project{}, err
	}
	return s.Project(ctx, a, p.ID)
}

// CloseProject ends a project: nobody joins any more and no part is drafted. What is published stays until it ends.
func (s *Service) CloseProject(ctx context.Context, a access.Actor, id string) error {
	return s.leads(ctx, a, id, func(tx *store.Tx, row *store.Project) error {
		row.Closed = s.now().UTC()
		if err := tx.PutProject(*row, row.Closed, actorName(a)); err != nil {
			return fmt.Errorf("store project: %w", err)
		}
		return s.audit(tx, a, "project.close", "project:"+id, row.RecipientID, map[string]any{})
	})
}

// NewCode makes the code by which others join anew; the one before no longer lets anybody in.
func (s *Service) NewCode(ctx context.Context, a access.Actor, id string) (string, error) {
	code, digest := newCode()
	err := s.leads(ctx, a, id, func(tx *store.Tx, row *store.Project) error {
		row.CodeDigest = digest
		if err := tx.PutProject(*row, s.now().UTC(), actorName(a)); err != nil {
			return fmt.Errorf("store project: %w", err)
		}
		return s.audit(tx, a, "project.code", "project:"+id, row.RecipientID, map[string]any{})
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

// leads does something with an open project as its lead. For whoever takes part, it is ErrForbidden.
func (s *Service) leads(ctx context.Context, a access.Actor, id string, do func(*store.Tx, *store.Project) error) error {
	if _, err := s.Project(ctx, a, id); err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.LockProject(id)
		if err != nil {
			return fmt.Errorf("read project: %w", err)
		}
		if !access.Can(a, access.NeedsPropose, access.Object{Recipient: row.RecipientID}) {
			return ErrForbidden
		}
		if !row.Closed.IsZero() {
			return ErrState
		}
		return do(tx, &row)
	})
}

// JoinProject lets a recipient take part, by the code that the lead passed on. A code that opens nothing is
// store.ErrNotFound.
func (s *Service) JoinProject(ctx context.Context, a access.Actor, recipient, code string) (Project, error) {
	if err := may(a, access.NeedsPropose, recipient); err != nil {
		return Project{}, err
	}
	if _, err := s.pseudonymKey(ctx); err != nil {
		return Project{}, err
	}
	var id string
	err := s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.ProjectByCode(codeDigest(code))
		if err != nil || !row.Closed.IsZero() {
			return errors.Join(err, store.ErrNotFound)
		}
		id = row.ID
		if _, err := partOfProject(tx, id, recipient); err == nil {
			return nil // is in it already
		} else if !errors.Is(err, ErrProject) {
			return err
		}
		words, err := decodeWords(row.Body)
		if err != nil {
			return err
		}
		part := store.ProjectPart{ProjectID: id, RecipientID: recipient, Joined: s.now().UTC(), JoinedBy: actorName(a)}
		if err := tx.PutProjectPart(part); err != nil {
			return fmt.Errorf("store part: %w", err)
		}
		if err := s.screenProject(tx, id, recipient, words); err != nil {
			return err
		}
		return s.audit(tx, a, "project.join", "project:"+id, recipient, map[string]any{})
	})
	if err != nil {
		return Project{}, err
	}
	return s.Project(ctx, a, id)
}

// LeaveProject ends a recipient's part before anything of it is published; a published part is withdrawn first. The lead
// stays.
func (s *Service) LeaveProject(ctx context.Context, a access.Actor, id, recipient string) error {
	if err := may(a, access.NeedsPropose, recipient); err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.LockProject(id)
		if err != nil {
			return err
		}
		part, err := partOfProject(tx, id, recipient)
		if err != nil {
			return store.ErrNotFound
		}
		if row.RecipientID == recipient {
			return ErrState
		}
		if part.ReleaseID != "" {
			r, err := tx.Release(part.ReleaseID)
			if err != nil {
				return fmt.Errorf("read release: %w", err)
			}
			if r.State == Published || r.State == Draft {
				return ErrState
			}
		}
		if err := tx.DropProjectPart(id, recipient); err != nil {
			return fmt.Errorf("drop part: %w", err)
		}
		return s.audit(tx, a, "project.leave", "project:"+id, recipient, map[string]any{})
	})
}

// Project reads a project of which one of the actor's recipients is a part.
func (s *Service) Project(ctx context.Context, a access.Actor, id string) (Project, error) {
	var out Project
	err := s.st.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Project(id)
		if err != nil {
			return err
		}
		out, err = s.viewProject(tx, a, row)
		return err
	})
	return out, err
}

// Projects lists the projects of which the actor's recipients are part ("" for all of them), oldest first.
func (s *Service) Projects(ctx context.Context, a access.Actor, recipient string) ([]Project, error) {
	ids, err := scope(a, access.NeedsRead, recipient)
	if err != nil {
		return nil, err
	}
	out := []Project{}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		seen := map[string]bool{}
		for _, r := range ids {
			rows, err := tx.Projects(r)
			if err != nil {
				return fmt.Errorf("read projects: %w", err)
			}
			for _, row := range rows {
				if seen[row.ID] {
					continue
				}
				seen[row.ID] = true
				p, err := s.viewProject(tx, a, row)
				if err != nil {
					return err
				}
				out = append(out, p)
			}
		}
		return nil
	})
	return out, err
}

// EveryProject lists projects as those who take part see them, and asks nobody: it is for the operator's command line.
func (s *Service) EveryProject(ctx context.Context, recipient string) ([]Project, error) {
	operator := access.Actor{UserID: "operator", Grants: []access.Grant{{Role: access.Assessor, Recipient: access.All}}}
	return s.Projects(ctx, operator, recipient)
}

func (s *Service) viewProject(tx *store.Tx, a access.Actor, row store.Project) (Project, error) {
	w, err := decodeWords(row.Body)
	if err != nil {
		return Project{}, err
	}
	p := Project{ID: row.ID, Lead: row.RecipientID, Version: row.Version, Title: w.Title, Purpose: w.Purpose, Schedule: w.Schedule,
		Created: row.Created, Closed: !row.Closed.IsZero(), Parts: []ProjectPart{}, Versions: []ProjectVersion{}}
	parts, err := tx.ProjectParts(row.ID)
	if err != nil {
		return p, fmt.Errorf("read parts: %w", err)
	}
	mine := false
	for _, part := range parts {
		v, err := s.viewPart(tx, a, part)
		if err != nil {
			return p, err
		}
		mine = mine || v.Own
		p.Parts = append(p.Parts, v)
	}
	if !mine {
		return Project{}, store.ErrNotFound
	}
	rows, err := tx.ProjectVersions(row.ID)
	if err != nil {
		return p, fmt.Errorf("read versions: %w", err)
	}
	for _, v := range rows {
		w, err := decodeWords(v.Body)
		if err != nil {
			return p, err
		}
		p.Versions = append(p.Versions, ProjectVersion{Version: v.Version, At: v.At, By: v.By, ProjectWords: w})
	}
	return p, nil
}

func (s *Service) viewPart(tx *store.Tx, a access.Actor, part store.ProjectPart) (ProjectPart, error) {
	org, err := tx.Recipient(part.RecipientID)
	if err != nil {
		return ProjectPart{}, fmt.Errorf("read recipient: %w", err)
	}
	v := ProjectPart{Recipient: org.ID, Name: remedies.Text{"uk": org.Name("uk"), "en": org.Name("en")}, State: "none", Joined: part.Joined,
		Own: access.Can(a, access.NeedsRead, access.Object{Recipient: org.ID})}
	if part.ReleaseID == "" {
		return v, nil
	}
	row, err := tx.Release(part.ReleaseID)
	if err != nil {
		return v, fmt.Errorf("read release: %w", err)
	}
	r, err := s.view(tx, row)
	if err != nil {
		return v, err
	}
	v.State = r.State
	if v.Own {
		v.Release = r.ID
		if r.Text.Project != nil {
			v.Version = r.Text.Project.Version
		}
	}
	return v, nil
}

// JointEntry is a project of several recipients as a donor sees it: the parts that were approved for this donor. How many
// others there are, or whether there are any, is not told.
type JointEntry struct {
	Ref      string        `json:"ref"`
	Title    remedies.Text `json:"title"` // of the newest version among the parts
	Purpose  remedies.Text `json:"purpose,omitzero"`
	Schedule *Schedule     `json:"schedule,omitzero"`
	Cost     need.Money    `json:"cost_eur"`
	Funding  Funding       `json:"funding"`
	Entries  []Entry       `json:"entries"`
}

// JointEntries groups what the actor's organisation may read by project, in the order of [Service.Entries].
func (s *Service) JointEntries(ctx context.Context, a access.Actor, channel string) ([]JointEntry, error) {
	list, err := s.read(ctx, a, channel, func(t *DonorNeed) bool { return t.Project != nil })
	if err != nil {
		return nil, err
	}
	return Joint(list), nil
}

// Joint groups entries by project; entries of none are left out.
func Joint(list []Entry) []JointEntry {
	out := []JointEntry{}
	version := map[string]int{}
	for _, e := range list {
		p := e.Project
		if p == nil {
			continue
		}
		i := slices.IndexFunc(out, func(j JointEntry) bool { return j.Ref == p.Ref })
		if i < 0 {
			i = len(out)
			out = append(out, JointEntry{Ref: p.Ref})
		}
		j := &out[i]
		if p.Version > version[p.Ref] || p.Version == version[p.Ref] && len(j.Purpose) == 0 {
			version[p.Ref], j.Title, j.Purpose, j.Schedule = p.Version, p.Title, p.Purpose, p.Schedule
		}
		j.Cost = need.Money{Low: j.Cost.Low + e.Cost.Low, High: j.Cost.High + e.Cost.High}
		f, g := &j.Funding, e.Funding
		*f = Funding{f.Required + g.Required, f.Pledged + g.Pledged, f.Committed + g.Committed, f.Delivered + g.Delivered, f.Verified + g.Verified, f.Uncovered + g.Uncovered}
		j.Entries = append(j.Entries, e)
	}
	return out
}
