package web

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

type gapLine struct {
	gap.Gap
	Recipient, SiteName, CapabilityName string
	Severities                          []severityCount
}

type severityCount struct {
	Severity assessment.Severity
	Count    int
}

type gapsData struct {
	Gaps       []gapLine
	Recipients []option
	Several    bool
	All        int // gaps in all, of which the page shows the first [maxRows]
	Affected   int // of all gaps, the most hosts that one affects
	Urgent     int // gaps that want action before the usual cycle
}

// gaps shows what is weak by capability: how many hosts of how many, how severe, since when.
func (s *server) gaps(q *request) error {
	names, err := q.recipientNames(access.GapsRead)
	if err != nil {
		return err
	}
	wish := q.URL.Query().Get("recipient")
	list, err := s.catalogue.Gaps(q.Context(), q.actor, wish)
	if err != nil {
		return err
	}
	sites, err := q.siteNames(names)
	if err != nil {
		return err
	}
	d := gapsData{Several: len(names) > 1, Recipients: nameOptions(names, wish)}
	for _, g := range list {
		line := gapLine{Gap: g, Recipient: names[g.Recipient], SiteName: sites[g.Site], CapabilityName: s.texts.capability(q.loc.lang, g.Capability)}
		for _, sev := range []assessment.Severity{assessment.Critical, assessment.High, assessment.Medium, assessment.Low, assessment.Info} {
			if n := g.Findings[sev]; n > 0 {
				line.Severities = append(line.Severities, severityCount{sev, n})
			}
		}
		if g.Urgency.Rank() >= remedies.OutOfCycle.Rank() {
			d.Urgent++
		}
		d.Affected = max(d.Affected, g.Affected)
		d.Gaps = append(d.Gaps, line)
	}
	slices.SortStableFunc(d.Gaps, func(x, y gapLine) int {
		if x.Urgency != y.Urgency {
			return y.Urgency.Rank() - x.Urgency.Rank()
		}
		return y.Affected - x.Affected
	})
	d.All = len(d.Gaps)
	d.Gaps = d.Gaps[:min(d.All, maxRows)]
	return q.show("gaps", q.loc.text("gaps.title"), d)
}

// siteNames maps the ids of the recipients' sites to names.
func (q *request) siteNames(recipients map[string]string) (map[string]string, error) {
	out := map[string]string{}
	err := q.s.store.View(q.Context(), func(tx *store.Tx) error {
		for id := range recipients {
			list, err := tx.Sites(id)
			if err != nil {
				return err
			}
			for _, v := range list {
				out[v.ID] = v.Name(q.loc.lang)
			}
		}
		return nil
	})
	return out, err
}

func nameOptions(names map[string]string, selected string) []option {
	var out []option
	for _, id := range sortedKeys(names) {
		out = append(out, option{id, names[id], id == selected})
	}
	slices.SortFunc(out, func(x, y option) int { return strings.Compare(x.Text, y.Text) })
	return out
}

// maxRows bounds a list on one page; the whole of it is in the API, and each recipient's is shorter.
const maxRows = 200

type needsData struct {
	Run           *need.Run
	Needs         []need.Need       // the first [maxRows] of the run
	Names         map[string]string // recipients
	Recipients    []option
	Several       bool
	MaxPoints     float64
	Profile       *store.Profile // of the one recipient whose size the reader may state; nil otherwise
	Criticalities []option
	Stated        []catalogue.StatedNeed // needs that nobody measured; never ranked
}

// needs shows what would close the gaps, ranked.
func (s *server) needs(q *request) error {
	names, err := q.recipientNames(access.NeedsRead)
	if err != nil {
		return err
	}
	wish := q.URL.Query().Get("recipient")
	run, err := s.catalogue.Needs(q.Context(), q.actor, wish)
	if err != nil {
		return err
	}
	d := needsData{Run: run, Needs: run.Needs[:min(len(run.Needs), maxRows)], Names: names, Several: len(names) > 1, Recipients: nameOptions(names, wish)}
	for _, n := range run.Needs {
		d.MaxPoints = max(d.MaxPoints, n.Benefit.High)
	}
	if err := q.profile(&d); err != nil {
		return err
	}
	of := sortedKeys(names)
	if wish != "" {
		of = []string{wish}
	}
	if d.Stated, err = q.stated(of); err != nil {
		return err
	}
	return q.show("needs", q.loc.text("needs.title"), d)
}

// profile fills in what the reader's own recipient states of its size, if they may state it for exactly one.
func (q *request) profile(d *needsData) error {
	ids, all := access.Recipients(q.actor, access.NeedsPropose)
	if all || len(ids) != 1 {
		return nil
	}
	d.Profile = &store.Profile{RecipientID: ids[0]}
	err := q.s.store.View(q.Context(), func(tx *store.Tx) error {
		list, err := tx.Profiles(ids[0])
		if len(list) == 1 {
			d.Profile = &list[0]
		}
		return err
	})
	for _, c := range []string{"", "1", "2", "3", "4"} {
		d.Criticalities = append(d.Criticalities, option{c, q.loc.text("criticality." + cmp.Or(c, "none")), c == d.Profile.Criticality})
	}
	return err
}

// putProfile stores what a recipient states of its size; the needs follow from it at once.
func (s *server) putProfile(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	users, err1 := strconv.Atoi(cmp.Or(q.PostForm.Get("users"), "0"))
	admins, err2 := strconv.Atoi(cmp.Or(q.PostForm.Get("admins"), "0"))
	if err1 != nil || err2 != nil || users > 10_000_000 || admins > users {
		return q.refused("/needs", "profile")
	}
	err := s.catalogue.PutProfile(q.Context(), q.actor, store.Profile{RecipientID: q.PathValue("id"), Criticality: q.PostForm.Get("criticality"), Users: users, Admins: admins})
	if errors.Is(err, catalogue.ErrQuantity) {
		return q.refused("/needs", "profile")
	}
	if err != nil {
		return err
	}
	return q.done("/needs", "profile")
}

type sumRow struct {
	need.Row
	Title, SiteName string
}

type needData struct {
	Need           *need.Need
	Recipient      string
	Explain        need.Explanation
	Rows           []sumRow
	CapabilityName string
	Requires       []string
	CanPropose     bool
	Donors         []store.DonorOrg
	Levels         []option
	Until          string // proposed end of the release
	MinUntil       string
	MaxUntil       string
	Releases       []catalogue.Release      // that hold this need
	Help           []catalogue.EffectReport // that was committed for it
	Sites          []option                 // that can be split off; nil: it cannot be split
	Others         []option                 // needs of the same recipient that it can take up
	Shaped         []shapedLine             // how the recipient arranged its needs over time, newest first
	Arranged       bool                     // this need was split, merged or restated
}

// needPage shows one need with its printed sum, and the form that prepares a text for donors.
func (s *server) needPage(q *request) error {
	n, run, err := q.need()
	if err != nil {
		return err
	}
	names, err := q.recipientNames(access.NeedsRead)
	if err != nil {
		return err
	}
	sites, err := q.siteNames(map[string]string{n.Recipient: ""})
	if err != nil {
		return err
	}
	d := needData{Need: n, Recipient: names[n.Recipient], Explain: run.Explain(n, q.loc.lang), CapabilityName: s.texts.capability(q.loc.lang, n.Capability),
		CanPropose: access.Can(q.actor, access.NeedsPropose, access.Object{Recipient: n.Recipient}),
		Until:      q.now.AddDate(0, 6, 0).Format(time.DateOnly), MinUntil: q.now.AddDate(0, 0, 1).Format(time.DateOnly), MaxUntil: q.now.Add(catalogue.MaxPeriod).Format(time.DateOnly)}
	for _, r := range d.Explain.Rows {
		d.Rows = append(d.Rows, sumRow{r, controlTitle(q.loc.lang, r.Control), sites[r.Site]})
	}
	for _, id := range n.Requires {
		if r, ok := s.catalogue.Remedies().Remedy(id); ok {
			d.Requires = append(d.Requires, r.Title.In(q.loc.lang))
		}
	}
	for _, l := range []catalogue.Level{catalogue.Anonymous, catalogue.Named, catalogue.Reasoned, catalogue.TotalsOnly} {
		if n.Urgency == remedies.Immediate && l >= catalogue.Named {
			continue // embargoed until mended
		}
		v := strconv.Itoa(int(l))
		d.Levels = append(d.Levels, option{v, q.loc.text("level." + v), false})
	}
	if d.CanPropose {
		if d.Donors, err = s.catalogue.Donors(q.Context(), q.actor); err != nil {
			return err
		}
	}
	all, err := s.catalogue.Releases(q.Context(), q.actor, n.Recipient, "")
	if err != nil {
		return err
	}
	for _, r := range all {
		if slices.Contains(r.Needs, n.ID) || n.Returned != nil && slices.Contains(r.Needs, n.Returned.Need) {
			d.Releases = append(d.Releases, r)
		}
	}
	slices.Reverse(d.Releases)
	effects, err := s.catalogue.Effects(q.Context(), q.actor, n.Recipient)
	if err != nil {
		return err
	}
	for _, e := range effects {
		if slices.ContainsFunc(d.Releases, func(r catalogue.Release) bool { return r.ID == e.Pledge.ReleaseID }) {
			d.Help = append(d.Help, e)
		}
	}
	if err := q.shape(&d, run, sites); err != nil {
		return err
	}
	return q.show("need", n.Title.In(q.loc.lang), d)
}

// need finds the need that the path names among those the reader may see.
func (q *request) need() (*need.Need, *need.Run, error) {
	run, err := q.s.catalogue.Needs(q.Context(), q.actor, "")
	if err != nil {
		return nil, nil, err
	}
	n, ok := run.Find(q.PathValue("id"))
	if !ok {
		return nil, nil, store.ErrNotFound
	}
	return n, run, nil
}

// draft makes a text for donors from one need, which then waits for its two approvals.
func (s *server) draft(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	n, _, err := q.need()
	if err != nil {
		return err
	}
	back := "/needs/" + url.PathEscape(n.ID)
	level, err := strconv.Atoi(q.PostForm.Get("level"))
	if err != nil {
		return q.refused(back, "level")
	}
	until, err := time.Parse(time.DateOnly, q.PostForm.Get("until"))
	if err != nil {
		return q.refused(back, "release_until")
	}
	w := catalogue.Wish{Recipient: n.Recipient, Needs: []string{n.ID}, Level: catalogue.Level(level), Audience: q.PostForm["audience"], Until: until.Add(24*time.Hour - time.Second)}
	if v := q.PostForm.Get("quantity"); v != "" {
		count, err := strconv.Atoi(v)
		if err != nil {
			return q.refused(back, "quantity")
		}
		w.Quantities = map[string]int{n.ID: count}
	}
	if uk, en := strings.TrimSpace(q.PostForm.Get("purpose_uk")), strings.TrimSpace(q.PostForm.Get("purpose_en")); uk+en != "" {
		w.Purpose = remedies.Text{"uk": uk, "en": en}
	}
	r, err := s.catalogue.Draft(q.Context(), q.actor, w)
	if err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done("/releases/"+url.PathEscape(r.ID), "drafted")
}

// refuseRelease sends the reader back with the reason the catalogue gave, or passes the error on.
func (q *request) refuseRelease(back string, err error) error {
	var screened *catalogue.ScreenError
	for _, r := range []struct {
		err error
		key string
	}{
		{catalogue.ErrState, "release_state"}, {catalogue.ErrChanged, "release_changed"}, {catalogue.ErrSame, "release_same"},
		{catalogue.ErrUntil, "release_until"}, {catalogue.ErrLevel, "level"}, {catalogue.ErrAudience, "audience"}, {catalogue.ErrNeeds, "needs_gone"},
		{catalogue.ErrEmbargo, "embargo"}, {catalogue.ErrLinkable, "linkable"}, {catalogue.ErrQuantity, "quantity"},
		{catalogue.ErrOverlap, "overlap"}, {catalogue.ErrMember, "member"}, {catalogue.ErrSchedule, "schedule"}, {catalogue.ErrProject, "project"},
	} {
		if errors.Is(err, r.err) {
			return q.refused(back, r.key)
		}
	}
	if errors.As(err, &screened) {
		return q.refused(back, "screened_"+screened.Kind)
	}
	return err
}
