package web

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/vymir-project/vymir/server/internal/catalogue"
)

type printData struct {
	Forms []catalogue.Form
	Back  string
	File  string // the same as one file
}

// printRelease lays the recipient's own text out as the form of a submission, in both languages; ?file=1 gives it as one
// file that needs nothing else.
func (s *server) printRelease(q *request) error {
	r, err := s.catalogue.Release(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	return q.submission(r.Text, r.ID, "/releases/"+r.ID)
}

// printEntry does the same for a donor.
func (s *server) printEntry(q *request) error {
	channel := catalogue.Page
	if q.URL.Query().Get("file") != "" {
		channel = catalogue.File
	}
	e, err := s.catalogue.Entry(q.Context(), q.actor, channel, q.PathValue("ref"))
	if err != nil {
		return err
	}
	return q.submission(e.DonorNeed, e.Ref, "/catalogue/"+e.Ref)
}

func (q *request) submission(t catalogue.DonorNeed, ref, back string) error {
	if q.URL.Query().Get("file") == "" {
		d := printData{Back: back, File: back + "/print?file=1"}
		langs := []string{q.loc.lang, otherLanguage(q.loc.lang)} // the reader's own first
		for _, lang := range langs {
			d.Forms = append(d.Forms, t.Form(lang, ref))
		}
		return q.show("print", t.Title.In(q.loc.lang), d)
	}
	var b bytes.Buffer
	if err := catalogue.WriteSubmission(&b, []catalogue.DonorNeed{t}, []string{ref}, q.now); err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+ref+`.html"`)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	q.w.WriteHeader(http.StatusOK)
	q.w.Write(b.Bytes()) //nolint:errcheck // the reader went away
	return nil
}
