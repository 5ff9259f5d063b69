package web

import (
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/mappings"
)

type profilesData struct {
	Packs      []mappings.Profile
	Frameworks []frameworkLine
	Baselines  []policies.Baseline
	Members    map[string]int // controls by baseline
	Revision   uint64
}

type frameworkLine struct {
	Key           string // csf2, cis8, nist80053, iso27001
	IDs, Controls int
}

// profiles shows which outside rules the controls answer to: acts as far as they were seen, frameworks, baselines.
func (s *server) profiles(q *request) error {
	packs, err := mappings.BuiltIn()
	if err != nil {
		return err
	}
	cat := policies.BuiltIn()
	d := profilesData{Packs: packs, Baselines: cat.Baselines, Members: map[string]int{}, Revision: cat.Revision}
	for _, key := range mappingOrder {
		ids, line := map[string]bool{}, frameworkLine{Key: key}
		for _, c := range cat.Controls {
			if len(c.Mappings[key]) > 0 {
				line.Controls++
			}
			for _, id := range c.Mappings[key] {
				ids[id] = true
			}
		}
		line.IDs = len(ids)
		d.Frameworks = append(d.Frameworks, line)
	}
	for _, c := range cat.Controls {
		for _, b := range c.Baselines {
			d.Members[b]++
		}
	}
	return q.show("profiles", q.loc.text("profiles.title"), d)
}
