package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/foreign"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// formSlack is what a form with a file may hold beside the file, and formMemory how much of it is kept in memory.
const (
	formSlack  = 64 << 10
	formMemory = 1 << 20
)

// bodyLimit is how much a request may send: little, but where a file comes.
func bodyLimit(r *http.Request) int64 {
	switch {
	case r.Method != http.MethodPost:
	case strings.HasPrefix(r.URL.Path, "/findings/") && strings.HasSuffix(r.URL.Path, "/files"):
		return desk.MaxAttachment + formSlack
	case strings.HasPrefix(r.URL.Path, "/hosts/") && strings.HasSuffix(r.URL.Path, "/reports"):
		return foreign.MaxBytes + formSlack
	}
	return maxBody
}

// upload reads the one file of a form; no file is an empty one.
func (q *request) upload() (name string, content []byte, err error) {
	if err := q.ParseMultipartForm(formMemory); err != nil {
		return "", nil, formError(err)
	}
	defer q.MultipartForm.RemoveAll() //nolint:errcheck // temporary files
	f, head, err := q.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, formError(err)
	}
	defer func(f multipart.File) { f.Close() }(f) //nolint:errcheck // read only
	content, err = io.ReadAll(f)
	return head.Filename, content, err
}

// files lists the evidence of a finding.
func (q *request) files(finding string, reviewer bool) ([]fileLine, error) {
	list, err := q.s.desk.Attachments(q.Context(), q.actor, finding)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(list))
	for _, v := range list {
		ids = append(ids, strings.TrimPrefix(v.CreatedBy, "user:"))
	}
	names, err := q.s.access.Names(q.Context(), ids...)
	if err != nil {
		return nil, err
	}
	var out []fileLine
	for i, v := range list {
		out = append(out, fileLine{Attachment: v, By: names[ids[i]], Size: q.loc.bytes(v.Size), Gone: !v.Removed.IsZero(),
			Mine: v.Removed.IsZero() && (reviewer || ids[i] == q.actor.UserID)})
	}
	return out, nil
}

func (s *server) attach(q *request) error {
	back := "/findings/" + url.PathEscape(q.PathValue("id"))
	name, content, err := q.upload()
	if err != nil {
		return err
	}
	if name == "" {
		return q.refused(back, "no_file")
	}
	_, err = s.desk.Attach(q.Context(), q.actor, q.PathValue("id"), name, content)
	if errors.Is(err, desk.ErrFile) {
		return q.refused(back, "file")
	}
	if err != nil {
		return err
	}
	return q.done(back, "attached")
}

// file gives a piece of evidence, always as a download: nothing that somebody sent is shown as a page of ours.
func (s *server) file(q *request) error {
	v, err := s.desk.Attachment(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", v.Kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": v.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	q.w.Write(v.Content) //nolint:errcheck // the reader went away
	return nil
}

func (s *server) removeFile(q *request) error {
	v, err := s.desk.Attachment(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.desk.RemoveAttachment(q.Context(), q.actor, v.ID); err != nil {
		return err
	}
	return q.done("/findings/"+url.PathEscape(v.FindingID), "detached")
}

// decideMany applies one decision, or an assignment, to the findings that were ticked.
func (s *server) decideMany(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := ownPath(q.PostForm.Get("back"))
	ids := q.PostForm["finding"]
	var refused map[string]error
	var err error
	if q.PostForm.Get("act") == "assign" {
		refused, err = s.desk.AssignMany(q.Context(), q.actor, ids, q.assignee())
	} else {
		dec, ok := parseDecision(q.PostForm.Get("decision"))
		if !ok {
			return q.refused(back, "decision")
		}
		until, perr := q.until()
		if perr != nil {
			return q.refused(back, "until")
		}
		refused, err = s.desk.DecideMany(q.Context(), q.actor, ids, dec, q.PostForm.Get("reason"), until)
	}
	if errors.Is(err, desk.ErrBulk) {
		return q.refused(back, "bulk")
	}
	if err != nil {
		return err
	}
	for _, err := range refused { // all for the same reason: what was wrong with the form
		switch {
		case len(refused) < len(ids):
			return q.refused(back, "bulk_part")
		case errors.Is(err, review.ErrReasonMissing), errors.Is(err, desk.ErrText):
			return q.refused(back, "reason")
		case errors.Is(err, review.ErrUntilMissing), errors.Is(err, review.ErrUntilRange):
			return q.refused(back, "until")
		case errors.Is(err, review.ErrClosed):
			return q.refused(back, "closed")
		case errors.Is(err, store.ErrNotFound), errors.Is(err, desk.ErrForbidden):
			return err
		}
		return q.refused(back, "bulk_part")
	}
	return q.done(back, "bulk")
}

func (s *server) saveFilter(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	query := q.PostForm.Get("query")
	back := "/findings?" + query
	if err := s.desk.SaveFilter(q.Context(), q.actor, q.PostForm.Get("name"), query); errors.Is(err, desk.ErrFilter) {
		return q.refused("/findings", "filter")
	} else if err != nil {
		return err
	}
	return q.done(ownPath(back), "filter")
}

func (s *server) dropFilter(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	if err := s.desk.DropFilter(q.Context(), q.actor, q.PostForm.Get("name")); err != nil {
		return err
	}
	return q.done("/findings", "filter_dropped")
}
