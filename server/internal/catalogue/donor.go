package catalogue

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// DonorSchema names the JSON format of [DonorNeed].
const DonorSchema = "vymir.donor-need/1"

// Level is how much of a need its audience may read.
type Level int

// The levels of a release. A fourth, the full record, is an assessor's and never a release.
const (
	TotalsOnly Level = iota // counted in totals of at least five recipients, nothing else
	Anonymous               // the remedy with sector and size band, under a name that differs from donor to donor
	Named                   // with the recipient's name and region, without a reason
	Reasoned                // with capability, number of sites, prerequisites and the recipient's own words
)

// Origins of a need.
const (
	Measured = "measured" // derived from what agents measured
	Stated   = "stated"   // stated by the recipient, measured by nobody
)

// DonorNeed is everything a donor reads of a release: its approved text, and nothing more.
type DonorNeed struct {
	Schema    string        `json:"schema"` // always [DonorSchema]
	Ref       string        `json:"ref"`    // how this donor names the entry; empty in the text that is approved
	Level     Level         `json:"level"`
	Origin    string        `json:"origin"` // measured or stated
	Recipient remedies.Text `json:"recipient,omitzero"`
	Region    string        `json:"region,omitzero"` // ISO 3166-2 of the oblast
	Sector    string        `json:"sector,omitzero"`
	SizeBand  string        `json:"size_band,omitzero"`
	Title     remedies.Text `json:"title"`
	Purpose   remedies.Text `json:"purpose,omitzero"` // the recipient's own words
	Items     []DonorItem   `json:"items"`
	Cost      need.Money    `json:"cost_eur"`
	RunCost   need.Money    `json:"run_cost_eur_per_year"`
	Sites     int           `json:"sites,omitzero"`
	// Points is the risk removed, to one significant digit: an interval for comparing, not a measurement. Zero for stated needs.
	Points   need.Interval `json:"risk_points,omitzero"`
	Schedule *Schedule     `json:"schedule,omitzero"` // when the recipient wants it; from level 2
	Project  *DonorProject `json:"project,omitzero"`  // what it is a part of, when several recipients ask together; from level 2
	Until    string        `json:"until"`             // date, UTC; at level 1 the first of its month
	Withheld []Withheld    `json:"withheld"`          // what is not here, and why
}

// DonorItem is one thing to fund.
type DonorItem struct {
	Kind       remedies.Kind   `json:"kind"`
	Title      remedies.Text   `json:"title"`
	Text       remedies.Text   `json:"text"`
	Quantity   int             `json:"quantity"` // rounded at level 1
	Unit       remedies.Text   `json:"unit"`
	Cost       need.Money      `json:"cost_eur"`
	CostYear   int             `json:"cost_year,omitzero"`
	CostSource string          `json:"cost_source"` // "estimate", "recipient", or where the price was seen
	RunCost    need.Money      `json:"run_cost_eur_per_year"`
	LeadWeeks  need.Money      `json:"lead_weeks,omitzero"`
	Line       remedies.Line   `json:"line_of_effort"`
	LineReason remedies.Text   `json:"line_reason"`
	DK021      string          `json:"dk021,omitzero"`
	Limits     remedies.Text   `json:"limits,omitzero"`
	ECSF       string          `json:"ecsf_role,omitzero"`
	Capability remedies.Text   `json:"capability,omitzero"` // level 3
	Requires   []remedies.Text `json:"requires,omitzero"`   // titles of what should come first; level 3
	Verifiable bool            `json:"machine_verifiable"`  // agents can measure the effect
}

// Withheld is a field that is not in the text, and the kind of reason.
type Withheld struct {
	Field string `json:"field"` // recipient, region, sector, size_band, quantity, purpose, schedule, capability, sites
	Why   string `json:"why"`   // consent, k_threshold or rounding
}

// kThreshold is the least number of recipients that a described group must have.
const kThreshold = 5

// item is what a DonorItem is made from: the internal side of the border.
type item struct {
	Key         string        `json:"key"` // id of the need
	Origin      string        `json:"origin"`
	Remedy      string        `json:"remedy,omitzero"`
	Sites       []string      `json:"sites,omitzero"`
	Controls    []string      `json:"controls,omitzero"`
	Capability  string        `json:"capability"`
	Points      need.Interval `json:"points,omitzero"`
	Immediate   bool          `json:"immediate,omitzero"`
	UnitCost    need.Money    `json:"unit_cost_eur"`
	UnitRunCost need.Money    `json:"unit_run_cost_eur"`
	Donor       DonorItem     `json:"donor"` // at full precision
}

// measuredItem takes a need over, field by field.
func (s *Service) measuredItem(n *need.Need) item {
	q := float64(max(n.Quantity, 1))
	return item{
		Key: n.ID, Origin: Measured, Remedy: n.Remedy, Sites: n.Sites, Controls: n.Controls, Capability: n.Capability, Points: n.Benefit,
		Immediate:   n.Urgency == remedies.Immediate,
		UnitCost:    need.Money{Low: n.Cost.Low / q, High: n.Cost.High / q},
		UnitRunCost: need.Money{Low: n.RunCost.Low / q, High: n.RunCost.High / q},
		Donor: DonorItem{
			Kind: n.Kind, Title: n.Title, Text: n.Text, Quantity: n.Quantity, Unit: n.Unit, CostYear: n.CostYear, CostSource: n.CostSource,
			LeadWeeks: n.LeadWeeks, Line: n.Line, LineReason: n.LineReason, DK021: n.DK021, Limits: n.Limits, ECSF: n.ECSF,
			Capability: s.capabilityName(n.Capability), Requires: s.titles(n.Requires), Verifiable: n.Measurable,
		},
	}
}

func (s *Service) capabilityName(id string) remedies.Text {
	if c, ok := s.set.Capability(id); ok {
		return c.Name
	}
	return nil
}

func (s *Service) titles(ids []string) []remedies.Text {
	var out []remedies.Text
	for _, id := range ids {
		if r, ok := s.set.Remedy(id); ok {
			out = append(out, r.Title)
		}
	}
	return out
}

// described is what the text says of the recipient, before the level cuts it.
type described struct {
	recipient store.Recipient
	// Recipients of the same sector, and of the same sector and size, this one included.
	sameSector, sameSectorAndSize int
}

// build makes the text of a release at a level. It is the only place where internal data become a donor's.
func build(level Level, d described, items []item, title, purpose remedies.Text, until time.Time) DonorNeed {
	t := DonorNeed{
		Schema: DonorSchema, Level: level, Origin: Measured, Title: title, Until: day(until, level),
		Items: []DonorItem{}, Withheld: []Withheld{},
	}
	hide := func(field, why string) { t.Withheld = append(t.Withheld, Withheld{field, why}) }
	sites := map[string]bool{}
	for _, it := range items {
		if it.Origin == Stated {
			t.Origin = Stated
		}
		for _, s := range it.Sites {
			sites[s] = true
		}
		out := donorItem(level, it)
		t.Items = append(t.Items, out)
		t.Cost = need.Money{Low: t.Cost.Low + out.Cost.Low, High: t.Cost.High + out.Cost.High}
		t.RunCost = need.Money{Low: t.RunCost.Low + out.RunCost.Low, High: t.RunCost.High + out.RunCost.High}
		t.Points = need.Interval{Low: t.Points.Low + it.Points.Low, Mid: t.Points.Mid + it.Points.Mid, High: t.Points.High + it.Points.High}
	}
	t.Points = need.Interval{Low: significant(t.Points.Low, 1), Mid: significant(t.Points.Mid, 1), High: significant(t.Points.High, 1)}
	if len(t.Title) == 0 && len(t.Items) > 0 {
		t.Title = t.Items[0].Title
	}
	switch {
	case level >= Named:
		t.Recipient = remedies.Text{"uk": d.recipient.Name("uk"), "en": d.recipient.Name("en")}
		t.Region, t.Sector, t.SizeBand = d.recipient.Region, d.recipient.Sector, d.recipient.SizeBand
	default:
		hide("recipient", "consent")
		hide("region", "consent")
		hide("quantity", "rounding")
		if d.sameSector >= kThreshold {
			t.Sector = d.recipient.Sector
		} else {
			hide("sector", "k_threshold")
		}
		if t.Sector != "" && d.sameSectorAndSize >= kThreshold {
			t.SizeBand = d.recipient.SizeBand
		} else {
			hide("size_band", "k_threshold")
		}
	}
	if level >= Reasoned {
		t.Purpose, t.Sites = purpose, len(sites)
		return t
	}
	hide("purpose", "consent")
	hide("capability", "consent")
	hide("sites", "consent")
	return t
}

// day is a date as its audience may read it: entries without a name show the first of the month only, as equal days
// would tell that they belong together.
func day(t time.Time, level Level) string {
	t = t.UTC()
	if level < Named {
		t = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return t.Format(time.DateOnly)
}

func donorItem(level Level, it item) DonorItem {
	out := it.Donor
	if level < Reasoned {
		out.Capability, out.Requires = nil, nil
	}
	if level < Named {
		out.Quantity = int(significant(float64(out.Quantity), 1))
	}
	q := float64(out.Quantity)
	out.Cost = need.Money{Low: significant(q*it.UnitCost.Low, 2), High: significant(q*it.UnitCost.High, 2)}
	out.RunCost = need.Money{Low: significant(q*it.UnitRunCost.Low, 2), High: significant(q*it.UnitRunCost.High, 2)}
	return out
}

// significant rounds to n significant decimal digits.
func significant(f float64, n int) float64 {
	if f == 0 {
		return 0
	}
	scale := math.Pow(10, float64(n)-1-math.Floor(math.Log10(math.Abs(f))))
	return math.Round(f*scale) / scale
}

// digest is what a person approves: the text with its level, audience and end.
func digest(t DonorNeed, audience []string, until time.Time) (string, error) {
	data, err := json.Marshal(struct {
		Text     DonorNeed
		Audience []string
		Until    time.Time
	}{t, slices.Sorted(slices.Values(audience)), until.UTC()})
	if err != nil {
		return "", fmt.Errorf("encode text: %w", err)
	}
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:]), nil
}

// reference is the name of a release for one donor. At level 1 every donor has another one, so that two cannot join
// what they read; above, all have the same.
func reference(key []byte, release, donor string, level Level) string {
	if level > Anonymous {
		donor = ""
	}
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s\x00%s", release, donor)
	return "e-" + hex.EncodeToString(m.Sum(nil)[:8])
}

// Plain writes the text as a person reads it, in one language: for the approval page, files and print.
func (t *DonorNeed) Plain(lang string) string {
	var b strings.Builder
	say := func(key string, args ...any) { fmt.Fprintf(&b, plain[key][lang]+"\n", args...) }
	if _, ok := plain["title"][lang]; !ok {
		lang = "en"
	}
	say("title", t.Title.In(lang))
	if t.Origin == Stated {
		say("stated")
	}
	if len(t.Recipient) > 0 {
		say("recipient", t.Recipient.In(lang), cmp.Or(t.Region, "—"))
	}
	if t.Sector != "" {
		say("sector", t.Sector)
	}
	if t.SizeBand != "" {
		say("size", t.SizeBand)
	}
	if len(t.Purpose) > 0 {
		say("purpose", t.Purpose.In(lang))
	}
	for _, it := range t.Items {
		say("item", it.Title.In(lang), it.Quantity, it.Unit.In(lang), it.Cost.Low, it.Cost.High)
		say("text", it.Text.In(lang))
		say("line", plain["line_"+string(it.Line)][lang], it.LineReason.In(lang))
		if it.RunCost.High > 0 {
			say("run", it.RunCost.Low, it.RunCost.High)
		}
		if it.DK021 != "" {
			say("dk021", it.DK021)
		}
		if it.ECSF != "" {
			say("ecsf", it.ECSF)
		}
		if len(it.Capability) > 0 {
			say("capability", it.Capability.In(lang))
		}
		if len(it.Limits) > 0 {
			say("limits", it.Limits.In(lang))
		}
		for _, r := range it.Requires {
			say("requires", r.In(lang))
		}
		if !it.Verifiable {
			say("unverifiable")
		}
	}
	if t.Sites > 0 {
		say("sites", t.Sites)
	}
	if t.Schedule != nil {
		t.Schedule.plain(say, lang)
	}
	if p := t.Project; p != nil {
		say("project", p.Title.In(lang))
		if len(p.Purpose) > 0 {
			say("project_purpose", p.Purpose.In(lang))
		}
		if p.Schedule != nil {
			p.Schedule.plain(say, lang)
		}
	}
	say("total", t.Cost.Low, t.Cost.High)
	if t.Points.High > 0 {
		say("points", t.Points.Low, t.Points.High)
	}
	say("until", t.Until)
	for _, w := range t.Withheld {
		say("withheld", plain["field_"+w.Field][lang], plain["why_"+w.Why][lang])
	}
	return b.String()
}

// plain are the sentences of [DonorNeed.Plain], by key and language.
var plain = map[string]map[string]string{
	"title":            {"uk": "%s", "en": "%s"},
	"stated":           {"uk": "Заявлено отримувачем, не виміряно.", "en": "Stated by the recipient, not measured."},
	"recipient":        {"uk": "Отримувач: %s (%s)", "en": "Recipient: %s (%s)"},
	"sector":           {"uk": "Галузь: %s", "en": "Sector: %s"},
	"size":             {"uk": "Розмір: %s", "en": "Size: %s"},
	"purpose":          {"uk": "Мета: %s", "en": "Purpose: %s"},
	"item":             {"uk": "• %s — %d %s, %.0f–%.0f євро без ПДВ", "en": "• %s — %d %s, EUR %.0f–%.0f without VAT"},
	"text":             {"uk": "  %s", "en": "  %s"},
	"line":             {"uk": "  Напрям зусиль: %s. %s", "en": "  Line of effort: %s. %s"},
	"line_support":     {"uk": "підтримка (короткостроковий)", "en": "support (short term)"},
	"line_build":       {"uk": "розбудова (середньостроковий)", "en": "build (medium term)"},
	"line_sustain":     {"uk": "сталість (довгостроковий)", "en": "sustain (long term)"},
	"run":              {"uk": "  Утримання: %.0f–%.0f євро на рік", "en": "  Running cost: EUR %.0f–%.0f per year"},
	"dk021":            {"uk": "  Код ДК 021:2015: %s", "en": "  ДК 021 (CPV) code: %s"},
	"ecsf":             {"uk": "  Роль за ECSF: %s", "en": "  ECSF role: %s"},
	"capability":       {"uk": "  Спроможність: %s", "en": "  Capability: %s"},
	"limits":           {"uk": "  Обмеження: %s", "en": "  Restrictions: %s"},
	"requires":         {"uk": "  Спершу потрібно: %s", "en": "  Needed first: %s"},
	"unverifiable":     {"uk": "  Ефект не можна перевірити автоматичним вимірюванням.", "en": "  The effect is not machine-verifiable."},
	"sites":            {"uk": "Майданчиків: %d", "en": "Sites: %d"},
	"total":            {"uk": "Разом: %.0f–%.0f євро без ПДВ", "en": "Total: EUR %.0f–%.0f without VAT"},
	"points":           {"uk": "Зменшення ризику: приблизно %.0f–%.0f бала", "en": "Risk removed: about %.0f–%.0f points"},
	"project":          {"uk": "Частина спільного проєкту: %s", "en": "Part of a joint project: %s"},
	"project_purpose":  {"uk": "Мета спільного проєкту: %s", "en": "Purpose of the joint project: %s"},
	"schedule":         {"uk": "Строки: %s – %s", "en": "Schedule: %s to %s"},
	"schedule_step":    {"uk": "  • до %s: %s", "en": "  • by %s: %s"},
	"until":            {"uk": "Видно до %s.", "en": "Shown until %s."},
	"withheld":         {"uk": "Не показано: %s (%s).", "en": "Not shown: %s (%s)."},
	"field_recipient":  {"uk": "отримувач", "en": "recipient"},
	"field_region":     {"uk": "область", "en": "region"},
	"field_sector":     {"uk": "галузь", "en": "sector"},
	"field_size_band":  {"uk": "розмір", "en": "size"},
	"field_quantity":   {"uk": "точна кількість", "en": "exact quantity"},
	"field_purpose":    {"uk": "мета", "en": "purpose"},
	"field_schedule":   {"uk": "строки", "en": "schedule"},
	"field_capability": {"uk": "спроможність", "en": "capability"},
	"field_sites":      {"uk": "кількість майданчиків", "en": "number of sites"},
	"why_consent":      {"uk": "за рішенням отримувача", "en": "the recipient's decision"},
	"why_k_threshold":  {"uk": "замало подібних отримувачів", "en": "too few recipients alike"},
	"why_rounding":     {"uk": "округлено", "en": "rounded"},
}
