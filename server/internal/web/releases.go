package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/store"
)

type releaseLine struct {
	catalogue.Release
	RecipientName string
}

type releasesData struct {
	Releases []releaseLine
	Waiting  int
	Several  bool
}

// releases lists the texts for donors of the reader's recipients: those that wait first.
func (s *server) releases(q *request) error {
	names, err := q.recipientNames(access.NeedsRead)
	if err != nil {
		return err
	}
	d := releasesData{Several: len(names) > 1}
	for id, name := range names {
		list, err := s.catalogue.Releases(q.Context(), q.actor, id, "")
		if err != nil {
			return err
		}
		for _, r := range list {
			d.Releases = append(d.Releases, releaseLine{r, name})
			if r.State == catalogue.Draft {
				d.Waiting++
			}
		}
	}
	rank := func(r releaseLine) int {
		return slices.Index([]string{catalogue.Draft, catalogue.Published, catalogue.Withdrawn, catalogue.Expired, catalogue.Superseded}, r.State)
	}
	slices.SortFunc(d.Releases, func(x, y releaseLine) int {
		if rank(x) != rank(y) {
			return rank(x) - rank(y)
		}
		return y.Created.Compare(x.Created)
	})
	return q.show("releases", q.loc.text("releases.title"), d)
}

type person struct {
	Name string
	At   time.Time
	Me   bool
}

type readLine struct {
	store.Read
	Donor string
}

type pledgeLine struct {
	store.Pledge
	Donor         string
	CanCommission bool
	Effect        *catalogue.EffectReport // nil before the commitment
	Now           *catalogue.Measurement  // the newest after it
}

type releaseData struct {
	catalogue.Release
	RecipientName string
	Audience      []string // names
	Persons       []person
	Open          []int  // places still free among the two
	Other         string // the text as it is read in the other language
	CanApprove    bool   // and has not yet
	Approved      bool   // by the reader
	CanWithdraw   bool
	Author        string
	Diff          []catalogue.Line // against what donors read last of the same needs; none when they read nothing
	Reads         []readLine
	Pledges       []pledgeLine
	CanEdit       bool
	Versions      []versionLine // more than one: the draft was edited
	Stale         bool          // the joint project says something else by now
}

type versionLine struct {
	catalogue.TextVersion
	Author string
}

// release shows the exact text that donors will read, who approved it and who is missing.
func (s *server) release(q *request) error {
	r, err := s.catalogue.Release(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	names, err := q.recipientNames(access.NeedsRead)
	if err != nil {
		return err
	}
	o := access.Object{Recipient: r.Recipient}
	d := releaseData{Release: r, RecipientName: names[r.Recipient], Other: r.Text.Plain(otherLanguage(q.loc.lang)),
		CanWithdraw: access.Can(q.actor, access.NeedsWithdraw, o) && (r.State == catalogue.Draft || r.State == catalogue.Published)}
	donors, err := q.donorNames()
	if err != nil {
		return err
	}
	for _, id := range r.Audience {
		d.Audience = append(d.Audience, donors[id])
	}
	lines, before, err := s.catalogue.Diff(q.Context(), q.actor, r.ID, q.loc.lang)
	if err != nil {
		return err
	}
	if before != "" {
		d.Diff = lines
	}
	if err := q.persons(&d); err != nil {
		return err
	}
	if err := q.versions(&d); err != nil {
		return err
	}
	d.CanEdit = r.State == catalogue.Draft && access.Can(q.actor, access.NeedsPropose, o)
	d.CanApprove = !d.Stale && r.State == catalogue.Draft && !d.Approved && access.Can(q.actor, access.NeedsApprove, o)
	reads, err := s.catalogue.Reads(q.Context(), q.actor, r.Recipient)
	if err != nil {
		return err
	}
	for _, v := range reads {
		if v.ReleaseID == r.ID {
			d.Reads = append(d.Reads, readLine{v, donors[v.DonorID]})
		}
	}
	pledges, err := s.catalogue.Pledges(q.Context(), q.actor, r.Recipient)
	if err != nil {
		return err
	}
	var effects []catalogue.EffectReport
	if access.Can(q.actor, access.EffectRead, o) {
		if effects, err = s.catalogue.Effects(q.Context(), q.actor, r.Recipient); err != nil {
			return err
		}
	}
	for _, p := range pledges {
		if p.ReleaseID != r.ID {
			continue
		}
		line := pledgeLine{Pledge: p, Donor: donors[p.DonorID], CanCommission: p.State == catalogue.Delivered && access.Can(q.actor, access.NeedsCommission, o)}
		if i := slices.IndexFunc(effects, func(e catalogue.EffectReport) bool { return e.Pledge.ID == p.ID }); i >= 0 {
			line.Effect = &effects[i]
			if n := len(effects[i].After); n > 0 {
				line.Now = &effects[i].After[n-1]
			}
		}
		d.Pledges = append(d.Pledges, line)
	}
	return q.show("release", q.loc.text("release.title"), d)
}

// versions adds what a draft said before, and whether its joint project was rewritten since.
func (q *request) versions(d *releaseData) error {
	list, err := q.s.catalogue.Versions(q.Context(), q.actor, d.ID)
	if err != nil {
		return err
	}
	var by []string
	for _, v := range list {
		by = append(by, v.By)
	}
	names, err := q.authors(by)
	if err != nil {
		return err
	}
	for _, v := range slices.Backward(list) {
		d.Versions = append(d.Versions, versionLine{v, names[v.By]})
	}
	if d.State != catalogue.Draft || d.Release.Project == "" {
		return nil
	}
	p, err := q.s.catalogue.Project(q.Context(), q.actor, d.Release.Project)
	if notThere(err) {
		err = nil // it left the project
	}
	d.Stale = err == nil && p.Version != d.Text.Project.Version
	return err
}

func (q *request) donorNames() (map[string]string, error) {
	list, err := q.s.catalogue.Donors(q.Context(), q.actor)
	names := map[string]string{"coordinator": q.loc.text("role.coordinator")}
	for _, d := range list {
		names[d.ID] = d.Name(q.loc.lang)
	}
	return names, err
}

func (q *request) persons(d *releaseData) error {
	author := strings.TrimPrefix(d.CreatedBy, "user:")
	ids := []string{author}
	for _, a := range d.Approvals {
		ids = append(ids, a.UserID)
	}
	names, err := q.s.access.Names(q.Context(), ids...)
	if err != nil {
		return err
	}
	d.Author = names[author]
	for _, a := range d.Approvals {
		me := a.UserID == q.actor.UserID
		d.Approved = d.Approved || me
		d.Persons = append(d.Persons, person{names[a.UserID], a.At, me})
	}
	for i := range d.Missing {
		d.Open = append(d.Open, len(d.Persons)+i+1)
	}
	return nil
}

func (s *server) approve(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/releases/" + url.PathEscape(q.PathValue("id"))
	r, err := s.catalogue.Approve(q.Context(), q.actor, q.PathValue("id"), q.PostForm.Get("digest"))
	if err != nil {
		return q.refuseRelease(back, err)
	}
	if r.State == catalogue.Published {
		return q.done(back, "published")
	}
	return q.done(back, "approved")
}

func (s *server) withdraw(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/releases/" + url.PathEscape(q.PathValue("id"))
	if err := s.catalogue.Withdraw(q.Context(), q.actor, q.PathValue("id"), q.PostForm.Get("reason")); err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done(back, "withdrawn")
}

func (s *server) commission(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := ownPath(q.PostForm.Get("back"))
	if err := s.catalogue.Commission(q.Context(), q.actor, q.PathValue("id")); err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done(back, "commissioned")
}
