package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// HostSums sums up the hosts of a recipient that are not revoked. What was not measured and what fell silent stand apart.
type HostSums struct {
	Recipient  string             `json:"recipient"`
	Hosts      int                `json:"hosts"`
	Failing    int                `json:"failing_hosts" doc:"with at least one failing control"`
	Stale      int                `json:"stale_hosts" doc:"not seen for three days: what they said last still counts, and is not known to hold"`
	Unmeasured int                `json:"unmeasured_hosts" doc:"enrolled and never measured"`
	Results    assessment.Summary `json:"results"`
	Oldest     *time.Time         `json:"oldest_measured_at,omitempty"`
	Newest     *time.Time         `json:"newest_measured_at,omitempty"`
}

// Site is a place of a recipient.
type Site struct {
	ID           string `json:"id"`
	NameUK       string `json:"name_uk"`
	NameEN       string `json:"name_en"`
	Region       string `json:"region,omitempty"`
	Connectivity string `json:"connectivity,omitempty"`
	Power        string `json:"power,omitempty"`
}

// OpenControl is one control with how much of it is open and counts.
type OpenControl struct {
	Recipient  string              `json:"recipient,omitempty"`
	Control    string              `json:"control"`
	Severity   assessment.Severity `json:"severity" doc:"highest among the findings"`
	Hosts      int                 `json:"hosts"`
	Unreviewed int                 `json:"unreviewed,omitempty"`
	Since      time.Time           `json:"since" doc:"oldest opening"`
}

// Standing counts the results of one control on the hosts of one recipient.
type Standing struct {
	Recipient string            `json:"recipient"`
	Control   string            `json:"control"`
	Status    assessment.Status `json:"status"`
	Hosts     int               `json:"hosts"`
}

// RecipientDetail is how a recipient stands.
type RecipientDetail struct {
	Recipient
	Hosts   HostSums       `json:"hosts"`
	Sites   []Site         `json:"sites"`
	Targets map[string]int `json:"targets" doc:"per cent of decided results to be met, by function of NIST CSF 2.0"`
	Silent  []string       `json:"silent_hosts" doc:"not seen for three days, the longest silent first, at most 20"`
	Open    []OpenControl  `json:"open_controls" doc:"what counts, the severest first"`
}

// WorkQueue is what awaits an assessor.
type WorkQueue struct {
	Reviews    []OpenControl `json:"reviews" doc:"by recipient and control"`
	Recipients []HostSums    `json:"recipients"`
	Waivers    []Finding     `json:"waivers_ending" doc:"within 30 days, the soonest first, at most 200"`
	Silent     []Host        `json:"silent_hosts" doc:"not seen for three days, the longest silent first, at most 200"`
	Mine       int           `json:"mine" doc:"findings assigned to the caller"`
	Overdue    int           `json:"overdue" doc:"of mine"`
}

// TaskList is what there is to mend, control by control.
type TaskList struct {
	Tasks   []Task   `json:"tasks" doc:"the severest first, among them those that close the most hosts, then the oldest; at most 200"`
	More    int      `json:"more" doc:"tasks beyond those"`
	Open    int      `json:"open_findings"`
	Severe  int      `json:"severe_findings"`
	Systems []string `json:"systems" doc:"operating systems of the hosts"`
}

// Task is one control to mend with some of the findings it would close.
type Task struct {
	OpenControl
	Findings []string `json:"findings" doc:"ids, at most 6"`
}

// Stability says how sure the top of the ranking is when the weights are a little wrong.
type Stability struct {
	Run    string             `json:"run"`
	How    need.Sensitivity   `json:"how"`
	Shares map[string]float64 `json:"shares" doc:"by id of a need: in which share of the draws it was in the top set"`
}

func recipient(r store.Recipient) Recipient {
	return Recipient{r.ID, r.NameUK, r.NameEN, r.Sector, r.SizeBand, r.Region}
}

func sums(v store.RecipientTotals) HostSums {
	s := v.Sum
	if n := s.Pass + s.Fail + s.Unmeasured + s.Error; n > 0 {
		s.CoveragePercent = 100 * float64(s.Pass+s.Fail) / float64(n)
	}
	return HostSums{v.RecipientID, v.Hosts, v.Failing, v.Stale, v.Unmeasured, s, when(v.Oldest), when(v.LastMeasured)}
}

func openControl(v store.ControlOpen) OpenControl {
	return OpenControl{Control: v.Control, Severity: v.Severity, Hosts: v.Hosts, Since: v.Since}
}

// standing registers what shows how recipients stand, and what is done about it.
func (s *service) standing(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/recipients/{id}", "get-recipient", access.HostsRead, "How one recipient stands"), s.recipient)
	huma.Register(api, op(http.MethodPut, "/recipients/{id}/targets", "set-targets", access.TargetsSet, "Set the targets of a recipient; a function that is not named has none afterwards"),
		func(ctx context.Context, in *struct {
			IDInput
			Body struct {
				Percent map[string]int `json:"percent" doc:"by function: GV, ID, PR, DE, RS, RC; 1 to 100"`
			}
		}) (*bodyOutput[RecipientDetail], error) {
			if err := s.desk.SetTargets(ctx, actor(ctx), in.ID, in.Body.Percent); err != nil {
				return nil, s.fail(err)
			}
			return s.recipient(ctx, &in.IDInput)
		})
	huma.Register(api, op(http.MethodGet, "/standings", "list-standings", access.HostsRead, "Results by recipient, control and status: the heat map"),
		func(ctx context.Context, in *struct {
			PageInput
			RecipientInput
		}) (*pageOutput[Standing], error) {
			list, err := s.desk.Standings(ctx, actor(ctx), in.Recipient)
			if err != nil {
				return nil, s.fail(err)
			}
			out := make([]Standing, len(list))
			for i, v := range list {
				out[i] = Standing{v.RecipientID, v.Control, v.Status, v.Hosts}
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/work", "get-work", access.FindingsReview, "What awaits the caller's review, and what is not known"), s.queue)
	huma.Register(api, op(http.MethodGet, "/tasks", "get-tasks", access.FindingsRead, "What to mend first, control by control"), s.tasks)
	huma.Register(api, op(http.MethodPost, "/findings/{id}/assignment", "assign-finding", access.FindingsReview, "Give a finding to somebody, or take it back"),
		func(ctx context.Context, in *struct {
			IDInput
			Body struct {
				User string `json:"user" maxLength:"64" doc:"id of somebody who may review it; me: the caller; empty: nobody"`
			}
		}) (*bodyOutput[FindingDetail], error) {
			if in.Body.User == "me" {
				in.Body.User = actor(ctx).UserID
			}
			if err := s.desk.Assign(ctx, actor(ctx), in.ID, in.Body.User); err != nil {
				return nil, s.fail(err)
			}
			v, err := s.desk.Finding(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[FindingDetail]{findingDetail(v)}, nil
		})
	s.overTime(api)
	huma.Register(api, op(http.MethodGet, "/board", "get-board", access.QueueRead, "The coordinator's board: overlaps, what nobody funds, what is due, sums by quarter"),
		func(ctx context.Context, _ *struct{}) (*bodyOutput[catalogue.Board], error) {
			b, err := s.catalogue.Board(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.Board]{b}, nil
		})
	huma.Register(api, op(http.MethodPost, "/entries/best", "find-best-set", access.EntriesRead, "The entries that remove most risk for a sum of money; changes nothing"),
		func(ctx context.Context, in *struct {
			Body struct {
				EUR    float64            `json:"eur" exclusiveMinimum:"0"`
				Kind   remedies.Kind      `json:"kind,omitempty"`
				Sector string             `json:"sector,omitempty"`
				Floors map[string]float64 `json:"floors,omitempty" doc:"EUR that must at least go to line_of_effort:NAME or sector:NAME"`
			}
		}) (*bodyOutput[catalogue.BestSet], error) {
			set, err := s.catalogue.BestSet(ctx, actor(ctx), catalogue.API, catalogue.BudgetWish{EUR: in.Body.EUR,
				Filter: catalogue.Filter{Kind: in.Body.Kind, Sector: in.Body.Sector}, Floors: in.Body.Floors})
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.BestSet]{set}, nil
		})
}

func (s *service) recipient(ctx context.Context, in *IDInput) (*bodyOutput[RecipientDetail], error) {
	v, err := s.desk.Recipient(ctx, actor(ctx), in.ID, s.now().Add(-desk.StaleAfter))
	if err != nil {
		return nil, s.fail(err)
	}
	out := RecipientDetail{Recipient: recipient(v.Recipient), Hosts: sums(v.Totals), Sites: []Site{}, Targets: map[string]int{}, Silent: []string{}, Open: []OpenControl{}}
	for _, p := range v.Sites {
		out.Sites = append(out.Sites, Site{p.ID, p.NameUK, p.NameEN, p.Region, p.Connectivity, p.Power})
	}
	for _, t := range v.Targets {
		out.Targets[t.Function] = t.Percent
	}
	for _, h := range v.Silent {
		out.Silent = append(out.Silent, h.ID)
	}
	for _, c := range v.Open {
		out.Open = append(out.Open, openControl(c))
	}
	return &bodyOutput[RecipientDetail]{out}, nil
}

func (s *service) queue(ctx context.Context, _ *struct{}) (*bodyOutput[WorkQueue], error) {
	now := s.now()
	q, err := s.desk.Queue(ctx, actor(ctx), now.Add(-desk.StaleAfter), now.AddDate(0, 0, 30), 200)
	if err != nil {
		return nil, s.fail(err)
	}
	out := WorkQueue{Reviews: []OpenControl{}, Recipients: []HostSums{}, Waivers: []Finding{}, Silent: []Host{}, Mine: q.Mine, Overdue: q.Overdue}
	for _, v := range q.Reviews {
		out.Reviews = append(out.Reviews, OpenControl{v.RecipientID, v.Control, v.Severity, v.Hosts, v.Unreviewed, v.Since})
	}
	for _, v := range q.Recipients {
		out.Recipients = append(out.Recipients, sums(v))
	}
	for _, f := range q.Waivers {
		out.Waivers = append(out.Waivers, finding(f))
	}
	for _, h := range q.Silent {
		out.Silent = append(out.Silent, host(h))
	}
	return &bodyOutput[WorkQueue]{out}, nil
}

func (s *service) tasks(ctx context.Context, _ *struct{}) (*bodyOutput[TaskList], error) {
	w, err := s.desk.Work(ctx, actor(ctx), 200, 6)
	if err != nil {
		return nil, s.fail(err)
	}
	out := TaskList{Tasks: []Task{}, More: w.More, Open: w.Open, Severe: w.Severe, Systems: append([]string{}, w.Systems...)}
	for _, t := range w.Tasks {
		v := Task{OpenControl: openControl(t.ControlOpen), Findings: []string{}}
		for _, f := range t.Findings {
			v.Findings = append(v.Findings, f.ID)
		}
		out.Tasks = append(out.Tasks, v)
	}
	return &bodyOutput[TaskList]{out}, nil
}

// overTime registers what looks back, or to the side.
func (s *service) overTime(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/trend", "get-trend", access.GapsRead, "How a recipient stood week by week, with the coverage beside the findings, oldest first"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
			Weeks int `query:"weeks" minimum:"1" maximum:"60" default:"26"`
		}) (*pageOutput[catalogue.TrendPoint], error) {
			now := s.now().UTC().Truncate(time.Second)
			var at []time.Time
			for n := in.Weeks; n >= 0; n-- {
				at = append(at, now.AddDate(0, 0, -7*n))
			}
			list, err := s.catalogue.Trend(ctx, actor(ctx), in.ID, at)
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/past", "get-past", access.NeedsRead, "Gaps and needs as of a kept date, by the remedies and weights of now"),
		func(ctx context.Context, in *struct {
			RecipientInput
			At time.Time `query:"at" required:"true"`
		}) (*bodyOutput[catalogue.Past], error) {
			p, err := s.catalogue.Past(ctx, actor(ctx), in.Recipient, in.At)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.Past]{p}, nil
		})
	huma.Register(api, op(http.MethodGet, "/stability", "get-stability", access.NeedsRead, "How often each need stays among the first ten when the weights are drawn anew"),
		func(ctx context.Context, in *struct{ RecipientInput }) (*bodyOutput[Stability], error) {
			how := need.Sensitivity{Draws: 1000, Spread: 0.2, Seed: 1, Top: 10}
			run, shares, err := s.catalogue.Stability(ctx, actor(ctx), in.Recipient, how)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Stability]{Stability{run.ID, how, shares}}, nil
		})
}
