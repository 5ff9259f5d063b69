package web

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/store"
)

// hostRecipients maps ids to names of the recipients whose hosts the reader may see.
func (q *request) hostRecipients() (map[string]string, error) {
	return q.recipientNames(access.HostsRead)
}

type recipientsData struct {
	Lines []recipientLine
	Sum   assessment.Summary
	Hosts int
	Stale int
}

type recipientLine struct {
	totalsLine
	Sector string
}

// recipients lists the recipients whose hosts the reader may see; one alone is shown at once.
func (s *server) recipients(q *request) error {
	list, err := s.desk.Recipients(q.Context(), q.actor, access.HostsRead)
	if err != nil {
		return err
	}
	if len(list) == 1 {
		q.redirect("/recipients/" + url.PathEscape(list[0].ID))
		return nil
	}
	totals, err := s.desk.TotalsByRecipient(q.Context(), q.actor, q.now.Add(-staleAfter))
	if err != nil {
		return err
	}
	byID := map[string]store.RecipientTotals{}
	d := recipientsData{}
	for _, t := range totals {
		byID[t.RecipientID] = t
		d.Hosts, d.Stale = d.Hosts+t.Hosts, d.Stale+t.Stale
		d.Sum.Pass, d.Sum.Fail, d.Sum.Unmeasured, d.Sum.Error = d.Sum.Pass+t.Sum.Pass, d.Sum.Fail+t.Sum.Fail, d.Sum.Unmeasured+t.Sum.Unmeasured, d.Sum.Error+t.Sum.Error
	}
	for _, r := range list {
		t := byID[r.ID]
		t.RecipientID = r.ID
		d.Lines = append(d.Lines, recipientLine{totalsLine{t, r.Name(q.loc.lang)}, r.Sector})
	}
	slices.SortStableFunc(d.Lines, func(x, y recipientLine) int { return strings.Compare(x.Name, y.Name) })
	return q.show("recipients", q.loc.text("recipients.title"), d)
}

// functionLine is how a recipient stands in one function of NIST CSF 2.0. Waived findings count as not met: a waiver is a
// decision, not a measurement.
type functionLine struct {
	ID                string
	Pass, Fail, None  int // results
	Controls          int // that map to the function and were judged
	Current           float64
	Target            int // 0: none was set
	Known, Met        bool
	CurrentX, TargetX string // in the units of a scale's drawing
}

// gateLine is one duty of law.
type gateLine struct {
	Control, Title   string
	Pass, Fail, None int // hosts
	State            assessment.Status
}

type recipientData struct {
	desk.RecipientView
	Functions          []functionLine
	Gates              []gateLine
	Gaps               []gapLine
	MoreGaps           int
	Open, Severe       int
	TopControls        []controlLine
	MoreControls       int
	SiteLines          []siteLine
	CanTarget, MayHeat bool
	StaleShare         float64
}

type controlLine struct {
	store.ControlOpen
	Title string
}

type siteLine struct {
	store.Site
	Gaps, Affected, Known int
	Urgency               remedies.Urgency
}

// recipient shows how one stands: current against target per function, how much of it is known and how fresh, the duties
// of law, and where to go on.
func (s *server) recipient(q *request) error {
	d, err := q.recipientData(q.PathValue("id"))
	if err != nil {
		return err
	}
	return q.show("recipient", d.Recipient.Name(q.loc.lang), d)
}

const (
	maxGapsShown     = 12
	maxControlsShown = 12
)

func (q *request) recipientData(id string) (d recipientData, err error) {
	if d.RecipientView, err = q.s.desk.Recipient(q.Context(), q.actor, id, q.now.Add(-staleAfter)); err != nil {
		return d, err
	}
	d.CanTarget = access.Can(q.actor, access.TargetsSet, access.Object{Recipient: id})
	d.MayHeat = access.May(q.actor, access.HostsRead)
	if d.Totals.Hosts > 0 {
		d.StaleShare = 100 * float64(d.Totals.Stale) / float64(d.Totals.Hosts)
	}
	d.Functions = functionsOf(d.Standings, d.Targets)
	d.Gates = q.s.gates(q.loc.lang, d.Standings)
	for i, c := range d.RecipientView.Open {
		d.Open += c.Hosts
		if c.Severity.Rank() >= assessment.High.Rank() {
			d.Severe += c.Hosts
		}
		if i < maxControlsShown {
			d.TopControls = append(d.TopControls, controlLine{c, q.s.texts.title(q.loc.lang, c.Control)})
		}
	}
	d.MoreControls = len(d.RecipientView.Open) - len(d.TopControls)
	if !access.Can(q.actor, access.GapsRead, access.Object{Recipient: id}) {
		return d, nil
	}
	gaps, err := q.s.catalogue.Gaps(q.Context(), q.actor, id)
	if err != nil {
		return d, err
	}
	d.sites(gaps)
	slices.SortStableFunc(gaps, func(x, y gap.Gap) int {
		return cmp.Or(remedies.Urgency.Rank(y.Urgency)-remedies.Urgency.Rank(x.Urgency), y.Affected-x.Affected)
	})
	names := map[string]string{}
	for _, v := range d.Sites {
		names[v.ID] = v.Name(q.loc.lang)
	}
	for _, g := range gaps[:min(len(gaps), maxGapsShown)] {
		d.Gaps = append(d.Gaps, gapLine{Gap: g, SiteName: names[g.Site], CapabilityName: q.s.texts.capability(q.loc.lang, g.Capability)})
	}
	d.MoreGaps = len(gaps) - len(d.Gaps)
	return d, nil
}

// sites adds the gaps up by site.
func (d *recipientData) sites(gaps []gap.Gap) {
	for _, v := range d.Sites {
		line := siteLine{Site: v}
		for _, g := range gaps {
			if g.Site != v.ID {
				continue
			}
			line.Gaps++
			line.Affected, line.Known = max(line.Affected, g.Affected), max(line.Known, g.Known)
			if g.Urgency.Rank() > line.Urgency.Rank() {
				line.Urgency = g.Urgency
			}
		}
		d.SiteLines = append(d.SiteLines, line)
	}
}

// functionsOf adds results up by the functions that their controls map to; a control that maps to two counts in both.
func functionsOf(list []store.Standing, targets []store.Target) []functionLine {
	out := make([]functionLine, len(desk.Functions))
	for i, f := range desk.Functions {
		out[i].ID = f
	}
	seen := map[string]bool{}
	for _, st := range list {
		c, ok := policies.BuiltIn().Control(st.Control)
		if !ok {
			continue
		}
		for _, f := range controlFunctions(c) {
			line := &out[slices.Index(desk.Functions, f)]
			switch st.Status {
			case assessment.Pass:
				line.Pass += st.Hosts
			case assessment.Fail:
				line.Fail += st.Hosts
			case assessment.NotApplicable:
				continue
			default:
				line.None += st.Hosts
			}
			if k := f + st.Control; !seen[k] {
				seen[k] = true
				line.Controls++
			}
		}
	}
	for i := range out {
		out[i].place(targets)
	}
	return out
}

func (l *functionLine) place(targets []store.Target) {
	decided := float64(l.Pass + l.Fail)
	if l.Known = decided > 0; l.Known {
		l.Current = 100 * float64(l.Pass) / decided
	}
	l.CurrentX = ratio(l.Current, 100)
	for _, t := range targets {
		if t.Function == l.ID {
			l.Target, l.TargetX = t.Percent, ratio(float64(t.Percent), 100)
			l.Met = l.Known && l.Current >= float64(t.Percent)
		}
	}
}

// controlFunctions lists the CSF functions a control maps to, each once.
func controlFunctions(c *policies.Control) []string {
	var out []string
	for _, id := range c.Mappings["csf2"] {
		f, _, _ := strings.Cut(id, ".")
		if slices.Contains(desk.Functions, f) && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// gates lists the duties of law with what was measured of each. One that fails anywhere is not met; one that was measured
// nowhere is unmeasured, and so is one of which a host is not known.
func (s *server) gates(lang string, list []store.Standing) []gateLine {
	var out []gateLine
	for _, id := range s.catalogue.LegalControls() {
		g := gateLine{Control: id, Title: s.texts.title(lang, id), State: assessment.Unmeasured}
		for _, st := range list {
			if st.Control != id {
				continue
			}
			switch st.Status {
			case assessment.Pass:
				g.Pass += st.Hosts
			case assessment.Fail:
				g.Fail += st.Hosts
			case assessment.NotApplicable:
			default:
				g.None += st.Hosts
			}
		}
		switch {
		case g.Fail > 0:
			g.State = assessment.Fail
		case g.Pass > 0 && g.None == 0:
			g.State = assessment.Pass
		}
		out = append(out, g)
	}
	return out
}

// setTargets takes the form of a recipient's targets: a field per function, empty for none.
func (s *server) setTargets(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/recipients/" + url.PathEscape(q.PathValue("id"))
	percent := map[string]int{}
	for _, f := range desk.Functions {
		text := strings.TrimSpace(q.PostForm.Get(f))
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			return q.refused(back, "target")
		}
		percent[f] = n
	}
	err := s.desk.SetTargets(q.Context(), q.actor, q.PathValue("id"), percent)
	if errors.Is(err, desk.ErrTarget) {
		return q.refused(back, "target")
	}
	if err != nil {
		return err
	}
	return q.done(back, "targets")
}
