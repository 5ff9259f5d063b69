package need

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/gap"
)

// Explanation is a need's sum as it is printed: four steps, and a row for every figure in the benefit. It names sites
// and controls and is for the recipient and the assessor only.
type Explanation struct {
	Need  string   `json:"need"`
	Run   string   `json:"run"`
	Lang  string   `json:"lang"`
	Steps []Step   `json:"steps"` // coverage, gate, urgency, benefit
	Rows  []Row    `json:"rows"`
	Total Interval `json:"total_points"` // the column sums of the rows, which are the need's benefit
	Cost  Money    `json:"cost_eur"`
}

// Step is one of the four steps: a title and a sentence.
type Step struct {
	Key   string `json:"key"` // coverage, gate, urgency, benefit, cost
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Row is one control at one site. Points = Weight x Criticality x Share x Reach; Removed = Points x Effect.
type Row struct {
	Site        string              `json:"site"`
	Capability  string              `json:"capability"`
	Control     string              `json:"control"`
	Severity    assessment.Severity `json:"severity"`
	Affected    int                 `json:"affected_hosts"`
	Measured    int                 `json:"measured_hosts"`
	Weight      float64             `json:"weight"`
	Criticality float64             `json:"criticality"`
	Share       float64             `json:"share"`
	Reach       float64             `json:"reach"`
	Points      float64             `json:"points"`
	Effect      Interval            `json:"effect"`
	Removed     Interval            `json:"removed"`
}

// Explain prints the sum of a need of this run in lang ("uk" or "en"; anything else is English).
func (r *Run) Explain(n *Need, lang string) Explanation {
	if lang != "uk" {
		lang = "en"
	}
	x := Explanation{Need: n.ID, Run: r.ID, Lang: lang, Total: n.Benefit, Cost: n.Cost}
	size := r.recipient(n.Recipient)
	n.each(func(t *term, effect Interval) {
		g := &r.in.Gaps[t.gap]
		c := &g.Controls[t.control]
		p := points(&r.in.Weights, size, g, c)
		x.Rows = append(x.Rows, Row{
			Site: g.Site, Capability: g.Capability, Control: c.Control, Severity: c.Severity, Affected: c.Affected, Measured: c.Measured,
			Weight: r.in.Weights.Severity[c.Severity], Criticality: r.in.Weights.criticality(size.Criticality),
			Share: round(c.Share()), Reach: round(Reach(c.Affected)), Points: round(p),
			Effect:  effect.round(),
			Removed: Interval{p * effect.Low, p * effect.Mid, p * effect.High}.round(),
		})
	})
	x.Steps = r.steps(n, lang)
	return x
}

func (r *Run) steps(n *Need, lang string) []Step {
	say := func(key string, args ...any) string { return fmt.Sprintf(texts[key][lang], args...) }
	coverage := say("coverage", n.Coverage.Affected, n.Coverage.Measured, n.Coverage.Known, decimal(n.Coverage.Percent, lang))
	if !n.Coverage.Oldest.IsZero() {
		coverage += " " + say("measured", n.Coverage.Oldest.Format("2006-01-02"), n.Coverage.Newest.Format("2006-01-02"))
	}
	if n.Coverage.Stale > 0 {
		coverage += " " + say("stale", n.Coverage.Stale)
	}
	if n.Coverage.Low {
		coverage += " " + say("low_coverage")
	}
	if l := n.Returned; l != nil {
		coverage += " " + say("returned", l.Verified.Format("2006-01-02"), l.At.Format("2006-01-02"))
	}
	gate := say("gate_no")
	if n.Legal {
		gate = say("gate_yes")
	}
	benefit := say("benefit", decimal(n.Benefit.Low, lang), decimal(n.Benefit.Mid, lang), decimal(n.Benefit.High, lang))
	if !n.Measurable {
		benefit += " " + say("not_verifiable")
	}
	cost := say("cost", n.Quantity, n.Unit.In(lang), say("basis_"+string(n.Basis)), n.BasisCount, decimal(n.Cost.Low, lang),
		decimal(n.Cost.High, lang), n.CostYear, n.source(lang))
	if n.SizeUnknown {
		cost += " " + say("size_unknown")
	}
	for _, p := range n.Includes {
		cost += " " + say("includes", p.Title.In(lang), p.Quantity, p.Unit.In(lang), decimal(p.Cost.Low, lang), decimal(p.Cost.High, lang))
	}
	if o := n.Own; o != nil {
		cost += " " + say("own", o.DerivedQuantity, decimal(o.DerivedCost.Low, lang), decimal(o.DerivedCost.High, lang))
		if len(o.Why) > 0 {
			cost += " " + say("own_why", o.Why.In(lang))
		}
	}
	if n.RunCost.High > 0 {
		cost += " " + say("run_cost", decimal(n.RunCost.Low, lang), decimal(n.RunCost.High, lang))
	}
	return []Step{
		{"coverage", say("title_coverage"), coverage},
		{"gate", say("title_gate"), gate},
		{"urgency", say("title_urgency"), r.urgency(n, lang)},
		{"benefit", say("title_benefit"), benefit},
		{"cost", say("title_cost"), cost},
	}
}

// urgency is the third step with the row of the table that it was read from.
func (r *Run) urgency(n *Need, lang string) string {
	out := texts["urgency_"+string(n.Urgency)][lang]
	for _, t := range n.terms {
		c := &r.in.Gaps[t.gap].Controls[t.control]
		if c.Urgency != n.Urgency || c.Row == (gap.SSVCRow{}) {
			continue
		}
		word := func(key string) string { return texts[key][lang] }
		auto := "automatable_no"
		if c.Row.Automatable {
			auto = "automatable_yes"
		}
		return out + " " + fmt.Sprintf(word("row"), word("exploitation_"+string(c.Row.Exploitation)), word("exposure_"+string(c.Row.Exposure)), word(auto),
			word("impact_"+string(c.Row.Impact)))
	}
	return out
}

func (n *Need) source(lang string) string {
	if n.CostSource == "estimate" || n.CostSource == "recipient" {
		return texts[n.CostSource][lang]
	}
	return n.CostSource
}

// decimal prints a number as the language writes it, without needless zeros.
func decimal(f float64, lang string) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if lang == "uk" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// texts are the sentences of an explanation, by key and language.
var texts = map[string]map[string]string{
	"title_coverage": {"uk": "1. Охоплення та свіжість", "en": "1. Coverage and freshness"},
	"title_gate":     {"uk": "2. Вимога закону", "en": "2. Duty of law"},
	"title_urgency":  {"uk": "3. Терміновість", "en": "3. Urgency"},
	"title_benefit":  {"uk": "4. Користь", "en": "4. Benefit"},
	"title_cost":     {"uk": "Вартість", "en": "Cost"},
	"coverage": {
		"uk": "Потребують заходу вузлів: %d із %d виміряних; відомо вузлів: %d (виміряно %s %%).",
		"en": "Affected hosts: %d of %d measured; hosts known: %d (%s %% measured).",
	},
	"measured":     {"uk": "Вимірювання: від %s до %s.", "en": "Measured between %s and %s."},
	"stale":        {"uk": "Вузлів із застарілими вимірюваннями: %d.", "en": "Hosts with stale measurements: %d."},
	"low_coverage": {"uk": "Виміряно замало вузлів, висновок попередній.", "en": "Too few hosts are measured; the conclusion is preliminary."},
	"returned": {
		"uk": "Потреба повернулася: ефект попередньої допомоги підтверджено %s і втрачено %s.",
		"en": "The need came back: the effect of earlier help was verified on %s and lost on %s.",
	},
	"gate_yes": {
		"uk": "Захід потрібен для виконання вимоги закону, тому стоїть перед рештою незалежно від балів.",
		"en": "The measure meets a duty of law, so it comes before the others whatever its points.",
	},
	"gate_no": {"uk": "Прямої вимоги закону немає.", "en": "No duty of law applies directly."},
	"row": {
		"uk": "Рядок таблиці: використання зловмисниками — %s; доступність вузла — %s; автоматизація атаки — %s; наслідки для людей — %s.",
		"en": "Row of the table: exploitation %s; exposure %s; automatable %s; human impact %s.",
	},
	"exploitation_none":    {"uk": "невідоме", "en": "none known"},
	"exploitation_poc":     {"uk": "передбачуване, є інструкції", "en": "public instructions or predicted"},
	"exploitation_active":  {"uk": "триває", "en": "active"},
	"exposure_small":       {"uk": "мала", "en": "small"},
	"exposure_controlled":  {"uk": "обмежена", "en": "controlled"},
	"exposure_open":        {"uk": "відкрита", "en": "open"},
	"automatable_yes":      {"uk": "можлива", "en": "yes"},
	"automatable_no":       {"uk": "ні", "en": "no"},
	"impact_low":           {"uk": "незначні", "en": "low"},
	"impact_medium":        {"uk": "помітні", "en": "medium"},
	"impact_high":          {"uk": "тяжкі", "en": "high"},
	"impact_very_high":     {"uk": "дуже тяжкі", "en": "very high"},
	"urgency_immediate":    {"uk": "Негайно (таблиця SSVC).", "en": "Immediate (SSVC table)."},
	"urgency_out_of_cycle": {"uk": "Позапланово, якнайшвидше (таблиця SSVC).", "en": "Out of cycle, as soon as possible (SSVC table)."},
	"urgency_scheduled":    {"uk": "У плановому порядку (таблиця SSVC).", "en": "Scheduled (SSVC table)."},
	"urgency_defer":        {"uk": "Може зачекати (таблиця SSVC).", "en": "May wait (SSVC table)."},
	"benefit": {
		"uk": "Зменшує ризик на %s–%s–%s бала (обережна, середня та оптимістична оцінки).",
		"en": "Removes %s–%s–%s risk points (careful, middle and hopeful).",
	},
	"not_verifiable": {
		"uk": "Вплив не можна перевірити автоматичним вимірюванням.",
		"en": "The effect is not machine-verifiable.",
	},
	"cost": {
		"uk": "Кількість: %d %s (основа розрахунку — %s: %d). Вартість %s–%s євро без ПДВ у цінах %d року; джерело: %s.",
		"en": "Quantity: %d %s (counted on %s: %d). Cost EUR %s–%s without VAT, prices of %d; source: %s.",
	},
	"run_cost": {"uk": "Утримання: %s–%s євро на рік.", "en": "Running cost: EUR %s–%s per year."},
	"size_unknown": {
		"uk": "Отримувач не зазначив чисельності, тому кількість оцінено за числом вузлів.",
		"en": "The recipient has not stated its numbers, so the quantity is guessed from the number of hosts.",
	},
	"includes": {
		"uk": "Разом із нею: %s — %d %s, %s–%s євро.",
		"en": "Together with it: %s, %d %s, EUR %s–%s.",
	},
	"own": {
		"uk": "Отримувач зазначив власні дані; за розрахунком було б: %d, %s–%s євро.",
		"en": "The recipient states its own figures; derived were: %d, EUR %s–%s.",
	},
	"own_why":              {"uk": "Обґрунтування: %s", "en": "Justification: %s"},
	"recipient":            {"uk": "оцінка отримувача", "en": "the recipient's estimate"},
	"estimate":             {"uk": "оцінка проєкту", "en": "the project's estimate"},
	"basis_affected_hosts": {"uk": "вузли, що потребують заходу", "en": "affected hosts"},
	"basis_known_hosts":    {"uk": "усі відомі вузли", "en": "all known hosts"},
	"basis_affected_sites": {"uk": "майданчики", "en": "sites"},
	"basis_users":          {"uk": "користувачі", "en": "users"},
	"basis_admins":         {"uk": "адміністратори", "en": "administrators"},
	"basis_recipient":      {"uk": "отримувач", "en": "recipient"},
}
