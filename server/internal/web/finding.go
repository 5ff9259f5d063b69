package web

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

type findingData struct {
	desk.FindingView
	words
	CapabilityName     string
	Decided            *decided // of vulnerabilities; nil: the finding is of something else, or it was withheld
	Waived, CanReview  bool
	Mine               bool
	Assignee           string
	Events             []eventLine
	Decisions          []option
	MinUntil, MaxUntil string // dates for a waiver's end
	Reviewers          []option
	Files              []fileLine
	CanAttach          bool
	Overdue            bool
}

// fileLine is one piece of evidence.
type fileLine struct {
	store.Attachment
	By   string
	Size string
	Gone bool
	Mine bool // the reader may take it away
}

type eventLine struct {
	store.FindingEvent
	Who  string
	Text string // a comment or a reason
	Key  string // catalogue key of what happened
}

func (s *server) finding(q *request) error {
	v, err := s.desk.Finding(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	f := v.Finding
	cat, err := s.texts.catalogue(q.Context(), f.BundleName, f.BundleRevision)
	if err != nil {
		return err
	}
	d := findingData{FindingView: v, words: s.texts.of(cat, q.loc.lang, f.Control, f.ReasonID, f.Target, v.Host.OS),
		CapabilityName: s.texts.capability(q.loc.lang, f.Capability), Waived: f.Waived(q.now), Mine: f.Assignee == q.actor.UserID,
		CanReview: access.Can(q.actor, access.FindingsReview, access.Object{Recipient: f.RecipientID}),
		CanAttach: access.Can(q.actor, access.FindingsEvidence, access.Object{Recipient: f.RecipientID}), Decisions: q.decisionOptions(f.Decision),
		MinUntil: q.minUntil(), MaxUntil: q.maxUntil(), Overdue: f.State == review.Open && !f.Due.IsZero() && f.Due.Before(q.now)}
	d.Decided, d.Evidence = decidedOf(f.Target, d.Evidence)
	if d.CanReview {
		list, err := s.desk.Reviewers(q.Context(), q.actor, f.RecipientID)
		if err != nil {
			return err
		}
		for _, r := range list {
			d.Reviewers = append(d.Reviewers, option{r.ID, r.Name, r.ID == f.Assignee})
		}
	}
	if d.Files, err = q.files(f.ID, d.CanReview); err != nil {
		return err
	}
	if d.Events, d.Assignee, err = q.events(v); err != nil {
		return err
	}
	return q.show("finding", d.Title, d)
}

func (q *request) events(v desk.FindingView) (lines []eventLine, assignee string, err error) {
	ids := []string{v.Finding.Assignee}
	for _, e := range v.Events {
		if id, ok := strings.CutPrefix(e.Actor, "user:"); ok {
			ids = append(ids, id)
		}
	}
	names, err := q.s.access.Names(q.Context(), ids...)
	if err != nil {
		return nil, "", err
	}
	for _, e := range v.Events {
		line := eventLine{FindingEvent: e, Key: "event." + e.Event, Who: q.loc.text("event.by_measurement")}
		if id, ok := strings.CutPrefix(e.Actor, "user:"); ok {
			line.Who = names[id]
		}
		line.Text, line.Key = eventText(e, line.Key)
		if !q.loc.has(line.Key) {
			line.Key = "event.other"
		}
		lines = append(lines, line)
	}
	slices.Reverse(lines)
	return lines, names[v.Finding.Assignee], nil
}

func (s *server) decide(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/findings/" + url.PathEscape(q.PathValue("id"))
	dec, ok := parseDecision(q.PostForm.Get("decision"))
	if !ok {
		return q.refused(back, "decision")
	}
	until, err := q.until()
	if err != nil {
		return q.refused(back, "until")
	}
	err = s.desk.Decide(q.Context(), q.actor, q.PathValue("id"), dec, q.PostForm.Get("reason"), until)
	switch {
	case errors.Is(err, review.ErrReasonMissing), errors.Is(err, desk.ErrText):
		return q.refused(back, "reason")
	case errors.Is(err, review.ErrUntilMissing), errors.Is(err, review.ErrUntilRange):
		return q.refused(back, "until")
	case errors.Is(err, review.ErrClosed):
		return q.refused(back, "closed")
	case err != nil:
		return err
	}
	return q.done(back, "decided")
}

func (s *server) comment(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/findings/" + url.PathEscape(q.PathValue("id"))
	err := s.desk.Comment(q.Context(), q.actor, q.PathValue("id"), q.PostForm.Get("text"))
	if errors.Is(err, desk.ErrText) {
		return q.refused(back, "text")
	}
	if err != nil {
		return err
	}
	return q.done(back, "commented")
}

func (s *server) assign(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/findings/" + url.PathEscape(q.PathValue("id"))
	err := s.desk.Assign(q.Context(), q.actor, q.PathValue("id"), q.assignee())
	if errors.Is(err, desk.ErrAssignee) {
		return q.refused(back, "assignee")
	}
	if err != nil {
		return err
	}
	return q.done(back, "assigned")
}

// assignee reads whom a form names: "me" is the reader, "nobody" or nothing is nobody.
func (q *request) assignee() string {
	switch to := q.PostForm.Get("to"); to {
	case "me":
		return q.actor.UserID
	case "nobody":
		return ""
	default:
		return to
	}
}

func (q *request) minUntil() string { return q.now.AddDate(0, 0, 1).Format(time.DateOnly) }

func (q *request) maxUntil() string { return q.now.Add(review.MaxWaiver).Format(time.DateOnly) }

func (q *request) decisionOptions(now review.Decision) (out []option) {
	for _, dec := range []review.Decision{review.Confirmed, review.FalsePositive, review.Accepted} {
		out = append(out, option{string(dec), q.loc.text("decide." + string(dec)), dec == now})
	}
	return out
}

// until reads the end of a waiver from a form; zero when none is given.
func (q *request) until() (time.Time, error) {
	u := q.PostForm.Get("until")
	if u == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, u)
}
