package catalogue

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
)

// Lessons writes what one delivered project changed and taught, in one language, for print: for the recipient, the
// assessor and the coordinator, not for donors at large. Every sentence rests on a figure of the report.
func (r *EffectReport) Lessons(lang string) string {
	if _, ok := lessons["title"][lang]; !ok {
		lang = "en"
	}
	var b strings.Builder
	say := func(key string, args ...any) { fmt.Fprintf(&b, lessons[key][lang]+"\n", args...) }
	say("title", r.Text.Title.In(lang))
	for _, i := range r.Text.Items {
		say("item", i.Title.In(lang), i.Quantity, i.Unit.In(lang))
	}
	say("money", r.Pledge.AmountEUR, r.Pledge.Delivered, r.Pledge.Quantity)
	b.WriteString("\n")
	say("way")
	var last time.Time
	for _, e := range r.Events {
		step := lessons["state_"+e.Event][lang]
		if last.IsZero() {
			say("step_first", e.At.Format(time.DateOnly), step)
		} else {
			say("step", e.At.Format(time.DateOnly), step, days(e.At.Sub(last)))
		}
		last = e.At
	}
	if r.DaysToCommissioned >= 0 {
		say("days", r.DaysToCommissioned)
	}
	b.WriteString("\n")
	say("change")
	switch {
	case !r.Verifiable:
		say("unverifiable")
	case len(r.After) == 0:
		say("not_yet")
	default:
		now := r.After[len(r.After)-1]
		say("before", r.Before.At.Format(time.DateOnly), r.Before.Findings, r.Before.Measured)
		say("after", now.At.Format(time.DateOnly), now.Findings, now.Measured)
		if r.ClosedPercent < 0 {
			say("unknown")
		} else {
			say("closed", number(lang, r.ClosedPercent, 1))
			if r.EURPerFinding > 0 {
				say("price", number(lang, r.EURPerFinding, 0))
			}
		}
	}
	b.WriteString("\n")
	say("learned")
	for _, k := range r.learned() {
		say(k)
	}
	return b.String()
}

// number prints with at most so many decimals, as the language writes it.
func number(lang string, f float64, decimals int) string {
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	if lang == "uk" {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// learned picks the lessons that the figures allow.
func (r *EffectReport) learned() []string {
	var out []string
	if r.Pledge.Delivered > 0 && r.Pledge.Delivered < r.Pledge.Quantity {
		out = append(out, "learned_partly")
	}
	lead := 0.0
	for _, i := range r.Text.Items {
		lead = max(lead, i.LeadWeeks.High)
	}
	if r.DaysToCommissioned >= 0 && lead > 0 && float64(r.DaysToCommissioned) > 7*lead {
		out = append(out, "learned_slow")
	}
	switch {
	case !r.Verifiable:
		out = append(out, "learned_unverifiable")
	case r.Pledge.State == Regressed:
		out = append(out, "learned_regressed")
	case r.Pledge.State == Verified || r.Pledge.State == Sustained:
		out = append(out, "learned_verified")
	case r.DaysToCommissioned >= 0 && r.ClosedPercent >= 0 && r.ClosedPercent < 20:
		out = append(out, "learned_little")
	}
	if len(out) == 0 {
		out = append(out, "learned_open")
	}
	return out
}

var lessons = map[string]remedies.Text{
	"title":          {"uk": "Підсумки проєкту: %s", "en": "Lessons learned: %s"},
	"item":           {"uk": "• %s — %d %s", "en": "• %s — %d %s"},
	"money":          {"uk": "Зобов'язання: %.0f євро; доставлено одиниць: %d із %d.", "en": "Commitment: EUR %.0f; units delivered: %d of %d."},
	"way":            {"uk": "Хід виконання", "en": "The way"},
	"step_first":     {"uk": "• %s — %s", "en": "• %s: %s"},
	"step":           {"uk": "• %s — %s (через %d дн.)", "en": "• %s: %s (after %d days)"},
	"days":           {"uk": "Від оголошення допомоги до введення в дію минуло днів: %d.", "en": "Days from pledge to commissioning: %d."},
	"change":         {"uk": "Що змінилося", "en": "What changed"},
	"unverifiable":   {"uk": "Ефект не можна перевірити автоматичним вимірюванням.", "en": "The effect is not machine-verifiable."},
	"not_yet":        {"uk": "Повторного вимірювання ще не було.", "en": "Nothing was measured again yet."},
	"before":         {"uk": "На день зобов'язання (%s): відкритих знахідок %d на %d виміряних вузлах.", "en": "On the day of the commitment (%s): %d open findings on %d measured hosts."},
	"after":          {"uk": "За останнім вимірюванням (%s): відкритих знахідок %d на %d виміряних вузлах.", "en": "By the last measurement (%s): %d open findings on %d measured hosts."},
	"unknown":        {"uk": "Виміряно замало вузлів, тому про зміну судити не можна.", "en": "Too few hosts are measured to tell of a change."},
	"closed":         {"uk": "Усунуто %s %% знахідок.", "en": "%s %% of the findings are closed."},
	"price":          {"uk": "Вартість однієї усуненої знахідки: %s євро.", "en": "Cost of one closed finding: EUR %s."},
	"learned":        {"uk": "Висновки", "en": "Learned"},
	"learned_partly": {"uk": "• Доставлено не все: решту варто узгодити окремо.", "en": "• Not everything arrived: agree on the rest."},
	"learned_slow":   {"uk": "• Введення в дію тривало довше за звичайний строк постачання: варто з'ясувати, на якому кроці.", "en": "• Commissioning took longer than the usual lead time: find out at which step."},
	"learned_unverifiable": {
		"uk": "• Для такої допомоги варто наперед домовитися, як підтвердити користь.",
		"en": "• For help of this kind, agree beforehand how its use will be shown.",
	},
	"learned_regressed": {
		"uk": "• Досягнуте не втрималося: потрібен супровід або навчання персоналу.",
		"en": "• What was reached did not last: it needs upkeep or trained staff.",
	},
	"learned_verified": {"uk": "• Допомога дала виміряний і стійкий результат.", "en": "• The help brought a measured and steady result."},
	"learned_little": {
		"uk": "• Після введення в дію змінилося мало: варто перевірити налаштування та використання.",
		"en": "• Little changed after commissioning: check configuration and use.",
	},
	"learned_open":       {"uk": "• Проєкт триває, остаточних висновків ще немає.", "en": "• The project goes on; there is no conclusion yet."},
	"state_pledged":      {"uk": "допомогу оголошено", "en": "pledged"},
	"state_committed":    {"uk": "зобов'язання підтверджено", "en": "committed"},
	"state_procured":     {"uk": "замовлено", "en": "procured"},
	"state_delivered":    {"uk": "доставлено", "en": "delivered"},
	"state_commissioned": {"uk": "введено в дію", "en": "commissioned"},
	"state_verified":     {"uk": "ефект підтверджено вимірюванням", "en": "effect verified by measurement"},
	"state_sustained":    {"uk": "ефект утримано", "en": "effect sustained"},
	"state_regressed":    {"uk": "ефект втрачено", "en": "effect lost"},
	"state_cancelled":    {"uk": "скасовано", "en": "cancelled"},
}
