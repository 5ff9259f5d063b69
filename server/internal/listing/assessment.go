package listing

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/store"
)

// ReadAssessment puts a host's results together as an assessment with texts in lang: those of now, or with at those of a
// past moment, which come without evidence. A control that the host's bundle does not hold is left with its id for a title.
func ReadAssessment(tx *store.Tx, book *controls.Book, host string, at time.Time, lang string) (*assessment.Assessment, error) {
	h, err := tx.Host(host)
	if err != nil {
		return nil, fmt.Errorf("host %q: %w", host, err)
	}
	read := func() ([]store.Result, error) { return tx.Results(host) }
	measured := h.Measured
	if !at.IsZero() {
		read = func() ([]store.Result, error) { return tx.ResultsAt(host, at) }
		measured = at
	}
	rows, err := read()
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	a := &assessment.Assessment{
		Schema: assessment.Schema, Host: assessment.Host{Name: h.Name, OS: h.OS, Kernel: h.Kernel, Role: h.Role}, MeasuredAt: measured.UTC(), JudgedAt: measured.UTC(),
		Bundle: assessment.BundleRef{Name: h.BundleName, Revision: h.BundleRevision}, Root: "/", Lang: lang, Results: []assessment.Result{},
	}
	if a.Host.Name == "" {
		a.Host.Name = h.ID
	}
	for _, r := range rows {
		v := assessment.Result{Control: r.Control, Status: r.Status, Severity: r.Severity, Capability: r.Capability, Title: r.Control, ReasonID: r.ReasonID,
			Verdicts: map[assessment.Half]assessment.Status{}}
		for half, s := range map[assessment.Half]assessment.Status{assessment.Live: r.Live, assessment.Persisted: r.Persisted} {
			if s != "" {
				v.Verdicts[half] = s
			}
		}
		if r.Target != "" {
			if err := json.Unmarshal([]byte(r.Target), &v.Target); err != nil {
				return nil, fmt.Errorf("decode target of %s: %w", r.Control, err)
			}
		}
		if k, err := book.Control(tx, h.BundleName, h.BundleRevision, r.Control); err == nil {
			v.Family, v.Title, v.Remedy, v.Mappings = k.Family, k.Title.In(lang), k.Remedy.In(lang), k.Mappings
			v.Reason = controls.Reason(k, lang, r.ReasonID, r.Target)
		}
		a.Results = append(a.Results, v)
	}
	a.Summary = assessment.Summarize(a.Results)
	return a, nil
}
