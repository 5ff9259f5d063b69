package catalogue

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/need"
)

//go:embed submission.html
var submissionFile embed.FS

// Form is a text for donors laid out as the form by which a project is submitted, in one language: for print, for a
// signature, and for a catalogue into which a person types it. It holds what the text holds and nothing more.
type Form struct {
	Lang     string
	Heading  string // what the form is
	Title    string // of the project
	Sections []FormSection
	Signs    []string // who signs
	SignHead [3]string
}

// FormSection is a numbered part of a form: rows, or a table.
type FormSection struct {
	Title string
	Rows  []FormRow
	Head  []string // of the table; nil: none
	Lines [][]string
}

// FormRow is one line of a form.
type FormRow struct{ Label, Value string }

// Form lays the text out in lang ("uk" or "en"; anything else is English). Ref is how the reader names the entry: a
// donor's reference, or the id of the recipient's own release.
func (t *DonorNeed) Form(lang, ref string) Form {
	if _, ok := formTexts["heading"][lang]; !ok {
		lang = "en"
	}
	m := formMaker{lang: lang, Form: Form{Lang: lang, Title: t.Title.In(lang)}}
	m.Heading = m.text("heading")
	m.applicant(t, ref)
	m.project(t)
	m.items(t)
	m.money(t)
	m.effect(t)
	m.limits(t)
	for _, who := range []string{"sign_first", "sign_second", "sign_head"} {
		m.Signs = append(m.Signs, m.text(who))
	}
	m.SignHead = [3]string{m.text("sign_who"), m.text("sign_name"), m.text("sign_date")}
	return m.Form
}

type formMaker struct {
	Form
	lang string
}

func (m *formMaker) text(key string) string { return formTexts[key].In(m.lang) }

// section begins a numbered section.
func (m *formMaker) section(key string) {
	m.Sections = append(m.Sections, FormSection{Title: strconv.Itoa(len(m.Sections)+1) + ". " + m.text(key)})
}

// row adds a line to the last section; one without a value is left out.
func (m *formMaker) row(key, value string) {
	if value != "" {
		s := &m.Sections[len(m.Sections)-1]
		s.Rows = append(s.Rows, FormRow{m.text(key), value})
	}
}

func (m *formMaker) applicant(t *DonorNeed, ref string) {
	m.section("applicant")
	m.row("recipient", cmp.Or(t.Recipient.In(m.lang), m.text("anonymous")))
	m.row("region", t.Region)
	m.row("sector", t.Sector)
	m.row("size", t.SizeBand)
	m.row("ref", ref)
	m.row("origin", m.text("origin_"+t.Origin))
	m.row("until", t.Until)
}

func (m *formMaker) project(t *DonorNeed) {
	m.section("project")
	m.row("title", t.Title.In(m.lang))
	m.row("purpose", t.Purpose.In(m.lang))
	m.schedule(t.Schedule)
	if p := t.Project; p != nil {
		m.row("joint", p.Title.In(m.lang))
		m.row("joint_purpose", p.Purpose.In(m.lang))
		m.schedule(p.Schedule)
	}
	if t.Sites > 0 {
		m.row("sites", strconv.Itoa(t.Sites))
	}
	for _, i := range t.Items {
		label := m.text("line")
		if len(t.Items) > 1 {
			label += ": " + i.Title.In(m.lang)
		}
		s := &m.Sections[len(m.Sections)-1]
		s.Rows = append(s.Rows, FormRow{label, plain["line_"+string(i.Line)][m.lang] + ". " + i.LineReason.In(m.lang)})
	}
}

func (m *formMaker) schedule(d *Schedule) {
	if d == nil {
		return
	}
	lines := []string{d.From + " – " + d.To}
	for _, p := range d.Steps {
		lines = append(lines, p.By+": "+p.Text.In(m.lang))
	}
	m.row("schedule", strings.Join(lines, "\n"))
}

func (m *formMaker) items(t *DonorNeed) {
	m.section("items")
	s := &m.Sections[len(m.Sections)-1]
	for _, k := range []string{"item", "kind", "quantity", "unit", "cost", "code", "lead"} {
		s.Head = append(s.Head, m.text(k))
	}
	for _, i := range t.Items {
		lead := "–"
		if i.LeadWeeks.High > 0 {
			lead = fmt.Sprintf("%.0f–%.0f", i.LeadWeeks.Low, i.LeadWeeks.High)
		}
		s.Lines = append(s.Lines, []string{
			i.Title.In(m.lang) + ". " + i.Text.In(m.lang), m.text("kind_" + string(i.Kind)), strconv.Itoa(i.Quantity), i.Unit.In(m.lang), m.range2(i.Cost),
			cmp.Or(i.DK021, "–"), lead,
		})
	}
}

func (m *formMaker) money(t *DonorNeed) {
	m.section("money")
	m.row("total", m.range2(t.Cost))
	if t.RunCost.High > 0 {
		m.row("run", m.range2(t.RunCost))
	}
	sources := map[string]bool{}
	var list []string
	for _, i := range t.Items {
		v := i.CostSource
		switch v {
		case "estimate", "recipient":
			v = m.text("source_" + v)
		}
		if i.CostYear > 0 {
			v += ", " + strconv.Itoa(i.CostYear)
		}
		if !sources[v] {
			sources[v] = true
			list = append(list, v)
		}
	}
	m.row("source", strings.Join(list, "; "))
}

func (m *formMaker) effect(t *DonorNeed) {
	m.section("effect")
	if t.Points.High > 0 {
		m.row("points", fmt.Sprintf("%g–%g", t.Points.Low, t.Points.High))
	}
	all, some := true, false
	for _, i := range t.Items {
		all, some = all && i.Verifiable, some || i.Verifiable
	}
	how := "verify_none"
	switch {
	case all:
		how = "verify_all"
	case some:
		how = "verify_some"
	}
	m.row("verify", m.text(how))
}

func (m *formMaker) limits(t *DonorNeed) {
	m.section("limits")
	for _, i := range t.Items {
		m.row("limit", i.Limits.In(m.lang))
		for _, r := range i.Requires {
			m.row("requires", r.In(m.lang))
		}
	}
	for _, w := range t.Withheld {
		m.row("withheld", plain["field_"+w.Field][m.lang]+" ("+plain["why_"+w.Why][m.lang]+")")
	}
	if len(m.Sections[len(m.Sections)-1].Rows) == 0 {
		m.row("limit", m.text("none"))
	}
}

// range2 prints a range of EUR as the language groups digits.
func (m *formMaker) range2(c need.Money) string {
	group := func(f float64) string {
		s := strconv.FormatFloat(f, 'f', 0, 64)
		sep := ","
		if m.lang == "uk" {
			sep = "\u00a0"
		}
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + sep + s[i:]
		}
		return s
	}
	return group(c.Low) + "–" + group(c.High)
}

// WriteSubmission writes texts as one HTML file that needs nothing else: every text in both languages, each on pages of
// its own, A4. Refs names them as [DonorNeed.Form] does. At is the day of the file.
func WriteSubmission(w io.Writer, texts []DonorNeed, refs []string, at time.Time) error {
	if len(texts) == 0 || len(texts) != len(refs) {
		return ErrNothing
	}
	t, err := template.ParseFS(submissionFile, "submission.html")
	if err != nil {
		return fmt.Errorf("read form: %w", err)
	}
	var forms []Form
	for i := range texts {
		for _, lang := range remedies.Langs {
			forms = append(forms, texts[i].Form(lang, refs[i]))
		}
	}
	data := struct {
		Forms []Form
		On    string
	}{forms, at.UTC().Format(time.DateOnly)}
	if err := t.Execute(w, data); err != nil {
		return fmt.Errorf("write form: %w", err)
	}
	return nil
}

var formTexts = map[string]remedies.Text{
	"heading":          {"uk": "Подання проєкту до каталогу потреб", "en": "Submission of a project to the catalogue of needs"},
	"applicant":        {"uk": "Отримувач", "en": "Recipient"},
	"recipient":        {"uk": "Назва", "en": "Name"},
	"anonymous":        {"uk": "не розкривається за рішенням отримувача", "en": "not disclosed by the recipient's decision"},
	"region":           {"uk": "Область (ISO 3166-2)", "en": "Region (ISO 3166-2)"},
	"sector":           {"uk": "Галузь", "en": "Sector"},
	"size":             {"uk": "Кількість працівників", "en": "Number of staff"},
	"ref":              {"uk": "Позначення запису", "en": "Reference of the entry"},
	"origin":           {"uk": "Походження потреби", "en": "Origin of the need"},
	"origin_measured":  {"uk": "виміряна агентами", "en": "measured by agents"},
	"origin_stated":    {"uk": "заявлена отримувачем, не виміряна", "en": "stated by the recipient, not measured"},
	"until":            {"uk": "Згода на показ діє до", "en": "Consent to show it holds until"},
	"project":          {"uk": "Проєкт", "en": "Project"},
	"title":            {"uk": "Назва проєкту", "en": "Title"},
	"purpose":          {"uk": "Мета", "en": "Purpose"},
	"schedule":         {"uk": "Строки виконання", "en": "Schedule"},
	"joint":            {"uk": "Спільний проєкт, частиною якого є подання", "en": "Joint project that this is a part of"},
	"joint_purpose":    {"uk": "Мета спільного проєкту", "en": "Purpose of the joint project"},
	"sites":            {"uk": "Кількість майданчиків", "en": "Number of sites"},
	"line":             {"uk": "Напрям зусиль", "en": "Line of effort"},
	"items":            {"uk": "Що потрібно", "en": "What is needed"},
	"item":             {"uk": "Найменування та опис", "en": "Name and description"},
	"kind":             {"uk": "Вид", "en": "Kind"},
	"kind_equipment":   {"uk": "обладнання", "en": "equipment"},
	"kind_software":    {"uk": "програмне забезпечення", "en": "software"},
	"kind_training":    {"uk": "навчання", "en": "training"},
	"kind_service":     {"uk": "послуга", "en": "service"},
	"quantity":         {"uk": "Кількість", "en": "Quantity"},
	"unit":             {"uk": "Одиниця", "en": "Unit"},
	"cost":             {"uk": "Вартість, євро без ПДВ", "en": "Cost, EUR without VAT"},
	"code":             {"uk": "Код ДК 021:2015", "en": "ДК 021 (CPV) code"},
	"lead":             {"uk": "Постачання, тижнів", "en": "Lead time, weeks"},
	"money":            {"uk": "Кошти", "en": "Money"},
	"total":            {"uk": "Загальна вартість, євро без ПДВ", "en": "Total cost, EUR without VAT"},
	"run":              {"uk": "Утримання на рік, євро без ПДВ", "en": "Running cost a year, EUR without VAT"},
	"source":           {"uk": "Джерело цін", "en": "Source of the prices"},
	"source_estimate":  {"uk": "оцінка", "en": "estimate"},
	"source_recipient": {"uk": "оцінка отримувача", "en": "the recipient's estimate"},
	"effect":           {"uk": "Очікуваний ефект", "en": "Expected effect"},
	"points":           {"uk": "Зменшення ризику, балів (для порівняння)", "en": "Risk removed, points (for comparing)"},
	"verify":           {"uk": "Як буде підтверджено", "en": "How it will be shown"},
	"verify_all": {
		"uk": "повторним вимірюванням агентами після введення в дію",
		"en": "by the agents' measurements after commissioning",
	},
	"verify_some": {
		"uk": "частково повторним вимірюванням агентами, решта — звітом отримувача",
		"en": "in part by the agents' measurements, for the rest by the recipient's report",
	},
	"verify_none": {
		"uk": "звітом отримувача: автоматичним вимірюванням ефект не перевіряється",
		"en": "by the recipient's report: the effect is not machine-verifiable",
	},
	"limits":      {"uk": "Обмеження та передумови", "en": "Restrictions and prerequisites"},
	"limit":       {"uk": "Обмеження", "en": "Restriction"},
	"requires":    {"uk": "Спершу потрібно", "en": "Needed first"},
	"withheld":    {"uk": "Не показано", "en": "Not shown"},
	"none":        {"uk": "немає", "en": "none"},
	"sign_who":    {"uk": "Посада", "en": "Position"},
	"sign_name":   {"uk": "Ім'я, прізвище та підпис", "en": "Name and signature"},
	"sign_date":   {"uk": "Дата", "en": "Date"},
	"sign_first":  {"uk": "Перша особа, що погодила", "en": "First person to approve"},
	"sign_second": {"uk": "Друга особа, що погодила", "en": "Second person to approve"},
	"sign_head":   {"uk": "Керівник отримувача", "en": "Head of the recipient"},
}
