package web

import (
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/catalogue"
)

type boardData struct {
	catalogue.Board
	Late    int // pledges that stand still for longer than is usual
	Past    int // deliveries whose date has gone by
	Nobody  int // entries that nobody takes for longer than is usual
	Months  []boardMonth
	Quarter []boardQuarter
}

// boardMonth is a leaf of the calendar of deliveries.
type boardMonth struct {
	Title string
	Due   []catalogue.Due
}

// boardQuarter is one quarter's report: a row for each line of effort and their sum.
type boardQuarter struct {
	Name string
	Rows []catalogue.Quarter
	Sum  catalogue.Quarter
}

// board is the coordinator's: who waits for whom, what overlaps, what nobody takes, what is due, what each quarter brought.
func (s *server) board(q *request) error {
	b, err := s.catalogue.Board(q.Context(), q.actor)
	if err != nil {
		return err
	}
	d := boardData{Board: b}
	for _, w := range b.Waiting {
		if w.Late {
			d.Late++
		}
	}
	for _, u := range b.Untaken {
		if u.Late {
			d.Nobody++
		}
	}
	for _, due := range b.Due {
		if due.Late {
			d.Past++
		}
		title := q.month(due.By)
		if n := len(d.Months); n == 0 || d.Months[n-1].Title != title {
			d.Months = append(d.Months, boardMonth{Title: title})
		}
		m := &d.Months[len(d.Months)-1]
		m.Due = append(m.Due, due)
	}
	for _, r := range b.Quarters {
		if n := len(d.Quarter); n == 0 || d.Quarter[n-1].Name != r.Quarter {
			d.Quarter = append(d.Quarter, boardQuarter{Name: r.Quarter})
		}
		k := &d.Quarter[len(d.Quarter)-1]
		k.Rows = append(k.Rows, r)
		k.Sum.Pledged += r.Pledged
		k.Sum.Committed += r.Committed
		k.Sum.Commissioned += r.Commissioned
		k.Sum.Verified += r.Verified
	}
	return q.show("board", q.loc.text("board.title"), d)
}

// month names the month of a date.
func (q *request) month(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return q.loc.text("month."+t.Format("01")) + " " + t.Format("2006")
}

// joined puts names one after the other in the reader's language.
func joined(lang string, list []remedies.Text) string {
	out := ""
	for i, t := range list {
		if i > 0 {
			out += ", "
		}
		out += t.In(lang)
	}
	return out
}
