package web

import (
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

var months = map[string][]string{
	"uk": {"січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня", "листопада", "грудня"},
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// integer groups thousands: a no-break space in Ukrainian, a comma in English.
func (l *locale) integer(n int) string {
	s := strconv.Itoa(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	sep := ","
	if l.lang == "uk" {
		sep = nbsp
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	if neg {
		return "−" + s
	}
	return s
}

// decimal shows f with at most digits decimals and no trailing zeros.
func (l *locale) decimal(f float64, digits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', digits, 64)
	whole, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	n, _ := strconv.Atoi(whole)
	out := l.integer(n)
	if frac != "" {
		point := "."
		if l.lang == "uk" {
			point = ","
		}
		out += point + frac
	}
	if f < 0 && strings.Trim(out, "0.,") != "" {
		return "−" + out
	}
	return out
}

// percent shows a share of 0 to 100.
func (l *locale) percent(f float64) string {
	if l.lang == "uk" {
		return l.decimal(f, 0) + nbsp + "%"
	}
	return l.decimal(f, 0) + "%"
}

// between shows an interval, or one figure where both ends are the same.
func between(low, high string) string {
	if low == high {
		return low
	}
	return low + "–" + high
}

// euros shows an interval of whole euros with its currency once.
func (l *locale) euros(low, high float64) string {
	a, b := l.integer(int(math.Round(low))), l.integer(int(math.Round(high)))
	if l.lang == "uk" {
		return between(a, b) + nbsp + "€"
	}
	return "€" + between(a, b)
}

// date shows a day, in UTC.
func (l *locale) date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	return strconv.Itoa(t.Day()) + nbsp + months[l.lang][t.Month()-1] + " " + strconv.Itoa(t.Year())
}

// moment shows a point in time as a <time> element in UTC. With JavaScript it turns into the reader's zone.
func (l *locale) moment(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `">` + l.date(t) + ", " + t.Format("15:04") + nbsp + "UTC</time>") //nolint:gosec // built from numbers and our own words
}

// ago says how long before now t was, in the largest whole unit.
func (l *locale) ago(t, now time.Time) string {
	if t.IsZero() {
		return l.text("ago.never")
	}
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return l.text("ago.now")
	case d < time.Hour:
		return l.count("ago.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return l.count("ago.hours", int(d/time.Hour))
	}
	return l.count("ago.days", int(d/(24*time.Hour)))
}

// skewShown is the skew of a host's clock from which on it is worth telling.
const skewShown = 5 * time.Minute

// skew says how far a host's clock is ahead or behind; "" when it is right enough.
func (l *locale) skew(d time.Duration) string {
	key := "host.clock_ahead"
	if d < 0 {
		key, d = "host.clock_behind", -d
	}
	switch {
	case d < skewShown:
		return ""
	case d < 2*time.Hour:
		return l.count(key+".minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return l.count(key+".hours", int(d/time.Hour))
	}
	return l.count(key+".days", int(d/(24*time.Hour)))
}

// quantity shows a number of units. Ukrainian units are kept in the genitive plural, which only follows some numbers;
// so the unit comes first there, as it does for one of something in English.
func (l *locale) quantity(n int, unit string) string {
	if l.lang == "uk" || n == 1 {
		return unit + ":" + nbsp + l.integer(n)
	}
	return l.integer(n) + " " + unit
}

// bytes shows a size in the largest unit that leaves a whole.
func (l *locale) bytes(n int) string {
	switch {
	case n >= 1<<20:
		return l.decimal(float64(n)/(1<<20), 1) + nbsp + l.text("unit.mib")
	case n >= 1<<10:
		return l.decimal(float64(n)/(1<<10), 0) + nbsp + l.text("unit.kib")
	}
	return l.integer(n) + nbsp + l.text("unit.byte")
}
