package catalogue

import (
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
)

// Schedule is when something should begin and be done, with steps between. Dates are UTC, 2006-01-02; empty: not said.
type Schedule struct {
	From  string         `json:"from,omitzero"`
	To    string         `json:"to,omitzero"`
	Steps []ScheduleStep `json:"steps,omitzero"`
}

// ScheduleStep is what should be done by a day.
type ScheduleStep struct {
	By   string        `json:"by"`
	Text remedies.Text `json:"text"`
}

// maxSteps bounds a schedule.
const maxSteps = 12

func (d *Schedule) empty() bool { return d.From == "" && d.To == "" && len(d.Steps) == 0 }

func (d *Schedule) texts() []remedies.Text {
	var out []remedies.Text
	for _, p := range d.Steps {
		out = append(out, p.Text)
	}
	return out
}

// check wants both ends, in order, and every step between them.
func (d *Schedule) check() error {
	if d.empty() {
		return nil
	}
	from, err1 := time.Parse(time.DateOnly, d.From)
	to, err2 := time.Parse(time.DateOnly, d.To)
	if err1 != nil || err2 != nil || !from.Before(to) || to.After(from.AddDate(10, 0, 0)) || len(d.Steps) > maxSteps {
		return ErrSchedule
	}
	for _, p := range d.Steps {
		by, err := time.Parse(time.DateOnly, p.By)
		if err != nil || by.Before(from) || by.After(to) || len(p.Text) == 0 {
			return ErrSchedule
		}
	}
	return nil
}

func (d *Schedule) plain(say func(string, ...any), lang string) {
	say("schedule", d.From, d.To)
	for _, p := range d.Steps {
		say("schedule_step", p.By, p.Text.In(lang))
	}
}

// schedule puts a schedule into a text as far as its level allows: the days of an anonymous entry would tell whose it is.
func (t *DonorNeed) schedule(d Schedule) {
	switch {
	case d.empty():
	case t.Level < Named:
		t.Withheld = append(t.Withheld, Withheld{"schedule", "consent"})
	default:
		t.Schedule = &d
	}
}
