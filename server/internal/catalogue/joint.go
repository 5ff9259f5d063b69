package catalogue

import (
	"context"
	"slices"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
)

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
