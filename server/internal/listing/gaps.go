package listing

import (
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/need"
)

// GapsSchema names the list of gaps; that of needs is [need.Schema].
const GapsSchema = "vymir.gaps/1"

// Gaps is a list of gaps.
type Gaps struct {
	Schema string `json:"schema"`
	Gaps   []Gap  `json:"gaps"`
}

// Gap is one gap with a name for it.
type Gap struct {
	ID string `json:"id"` // recipient/site/capability
	gap.Gap
}

// MakeGaps names gaps.
func MakeGaps(all []gap.Gap) Gaps {
	list := Gaps{Schema: GapsSchema, Gaps: []Gap{}}
	for _, g := range all {
		list.Gaps = append(list.Gaps, Gap{ID: g.Recipient + "/" + g.Site + "/" + g.Capability, Gap: g})
	}
	return list
}

// Line names a need's line of effort.
func Line(n *need.Need, lang string) string {
	names := map[remedies.Line]remedies.Text{
		remedies.Support: {"en": "support", "uk": "підтримка"}, remedies.Build: {"en": "build", "uk": "розбудова"}, remedies.Sustain: {"en": "sustain", "uk": "сталість"},
	}
	if t, ok := names[n.Line]; ok {
		return t.In(lang)
	}
	return string(n.Line)
}
