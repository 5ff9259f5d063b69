package web

import (
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/store"
)

// pageSize is how many lines a list shows at once.
const pageSize = 50

// maxTasks is how many controls "what to mend first" shows.
const maxTasks = 25

// staleAfter is when a host that was silent is pointed out.
const staleAfter = desk.StaleAfter

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type hostLine struct {
	store.Host
	Site, Recipient string
	Stale           bool
}

type hostsData struct {
	Hosts                 []hostLine
	Total, Failing, Stale int
	Several               bool // hosts of more than one recipient
	CanAdd                bool // the reader may let new hosts in
	Next                  string
	Sum                   assessment.Summary
}

func (s *server) hosts(q *request) error {
	totals, err := s.desk.Totals(q.Context(), q.actor, q.now.Add(-staleAfter))
	if err != nil {
		return err
	}
	hosts, err := s.desk.Hosts(q.Context(), q.actor, desk.HostFilter{Live: true, After: q.URL.Query().Get("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	recipients, err := q.recipientNames(access.HostsRead)
	if err != nil {
		return err
	}
	d := hostsData{Total: totals.Hosts, Failing: totals.Failing, Stale: totals.Stale, Sum: totals.Sum, Several: len(recipients) > 1,
		CanAdd: access.May(q.actor, access.HostsEnrol)}
	if len(hosts) > pageSize {
		hosts = hosts[:pageSize]
		d.Next = "/hosts?after=" + url.QueryEscape(hosts[pageSize-1].ID)
	}
	err = s.store.View(q.Context(), func(tx *store.Tx) error {
		sites := map[string]string{}
		for _, h := range hosts {
			if _, ok := sites[h.SiteID]; !ok {
				v, err := tx.Site(h.SiteID)
				if err != nil && !notThere(err) {
					return err
				}
				sites[h.SiteID] = v.Name(q.loc.lang)
			}
			d.Hosts = append(d.Hosts, hostLine{Host: h, Site: sites[h.SiteID], Recipient: recipients[h.RecipientID], Stale: q.now.Sub(h.LastSeen) > staleAfter})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return q.show("hosts", q.loc.text("hosts.title"), d)
}

// recipientNames maps ids to names of the recipients the reader may do action on.
func (q *request) recipientNames(action access.Action) (map[string]string, error) {
	list, err := q.s.desk.Recipients(q.Context(), q.actor, action)
	names := map[string]string{}
	for _, r := range list {
		names[r.ID] = r.Name(q.loc.lang)
	}
	return names, err
}

// hostName is what a host is called where its name was withheld.
func hostName(h store.Host) string {
	if h.Name == "" {
		return h.ID
	}
	return h.Name
}

type taskLine struct {
	desk.Task
	words
	Capability string
	On         []hostRef
	More       int // hosts beyond those named
}

type hostRef struct{ ID, Name string }

type mendData struct {
	Tasks        []taskLine
	More         int // tasks beyond those shown
	Open, Hosts  int
	Critical     int // findings critical or high
	Unmeasured   int
	LastMeasured time.Time
}

// mend shows an administrator what to mend first: one task per control, with the commands for the systems that are
// there.
func (s *server) mend(q *request) error {
	work, err := s.desk.Work(q.Context(), q.actor, maxTasks, maxNamed)
	if err != nil {
		return err
	}
	totals := work.HostsNow
	d := mendData{More: work.More, Open: work.Open, Critical: work.Severe, Hosts: totals.Hosts, Unmeasured: totals.Sum.Unmeasured + totals.Sum.Error,
		LastMeasured: totals.LastMeasured}
	for _, t := range work.Tasks {
		line, err := q.task(t, work.Systems)
		if err != nil {
			return err
		}
		d.Tasks = append(d.Tasks, line)
	}
	return q.show("mend", q.loc.text("mend.title"), d)
}

// maxNamed is how many hosts a task names.
const maxNamed = 6

// task gives a task its texts, with commands for the systems that are there.
func (q *request) task(t desk.Task, systems []string) (taskLine, error) {
	line := taskLine{Task: t, More: t.Hosts - len(t.Findings)}
	if len(t.Findings) == 0 { // closed between two reads
		return line, nil
	}
	f := t.Findings[0]
	cat, err := q.s.texts.catalogue(q.Context(), f.BundleName, f.BundleRevision)
	if err != nil {
		return taskLine{}, err
	}
	line.Capability = q.s.texts.capability(q.loc.lang, f.Capability)
	err = q.s.store.View(q.Context(), func(tx *store.Tx) error {
		for _, f := range t.Findings {
			h, err := tx.Host(f.HostID)
			if err != nil {
				return err
			}
			line.On = append(line.On, hostRef{f.ID, hostName(h)})
		}
		return nil
	})
	line.words = q.s.texts.of(cat, q.loc.lang, t.Control, f.ReasonID, f.Target, systems...)
	return line, err
}
