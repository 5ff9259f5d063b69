package catalogue

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/remedies"
)

func TestLacks(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	text := remedies.Text{"uk": "х", "en": "x"}
	whole := func() *DonorNeed {
		return &DonorNeed{Recipient: text, Purpose: text, Schedule: &Schedule{To: "2027-05-01"}, Until: "2027-06-01",
			Items: []DonorItem{{CostSource: "estimate"}, {CostSource: "recipient", Verifiable: true}}}
	}
	for name, tc := range map[string]struct {
		change func(n *DonorNeed)
		want   []Lack
	}{
		"whole":     {func(*DonorNeed) {}, nil},
		"bare":      {func(n *DonorNeed) { *n = DonorNeed{Until: "2026-11-30"} }, []Lack{LacksName, LacksPurpose, LacksSchedule, LacksPrice, LacksEffect, LacksTime}},
		"estimates": {func(n *DonorNeed) { n.Items = n.Items[:1] }, []Lack{LacksPrice, LacksEffect}},
		"ends":      {func(n *DonorNeed) { n.Until = "2026-11-30" }, []Lack{LacksTime}},
		"does not":  {func(n *DonorNeed) { n.Until = "2026-12-01" }, nil},
		"by consent": {func(n *DonorNeed) {
			n.Purpose, n.Schedule, n.Withheld = nil, nil, []Withheld{{"purpose", "consent"}, {"schedule", "consent"}}
		}, nil},
		"not said": {func(n *DonorNeed) { n.Purpose, n.Schedule = nil, nil }, []Lack{LacksPurpose, LacksSchedule}},
	} {
		n := whole()
		tc.change(n)
		if diff := cmp.Diff(tc.want, Lacks(n, now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
