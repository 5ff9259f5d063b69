// Package oscal writes assessments as OSCAL assessment results (NIST, version 1.1.3), for the tools of assessors.
//
// Every result of a control becomes an observation with its status, severity and the ids it answers to; a decided one becomes a
// finding beside it, satisfied or not. What was not measured has no finding, because OSCAL's two states would turn it into one of
// them. The package is a leaf: it imports the assessment and the standard library only.
package oscal

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Version is the version of OSCAL that is written.
const Version = "1.1.3"

// Namespace owns the properties that OSCAL has no name for.
const Namespace = "https://github.com/vymir-project/vymir/ns/oscal"

type document struct {
	Results assessmentResults `json:"assessment-results"`
}

type assessmentResults struct {
	UUID     string   `json:"uuid"`
	Metadata metadata `json:"metadata"`
	Import   link     `json:"import-ap"`
	Results  []result `json:"results"`
	Back     back     `json:"back-matter"`
}

type metadata struct {
	Title    string    `json:"title"`
	Modified time.Time `json:"last-modified"`
	Version  string    `json:"version"`
	OSCAL    string    `json:"oscal-version"`
}

type link struct {
	Href string `json:"href"`
}

type back struct {
	Resources []resource `json:"resources"`
}

type resource struct {
	UUID        string `json:"uuid"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type prop struct {
	Name  string `json:"name"`
	NS    string `json:"ns"`
	Value string `json:"value"`
}

type result struct {
	UUID         string        `json:"uuid"`
	Title        string        `json:"title"`
	Description  string        `json:"description"`
	Start        time.Time     `json:"start"`
	End          time.Time     `json:"end"`
	Props        []prop        `json:"props,omitempty"`
	Reviewed     reviewed      `json:"reviewed-controls"`
	Observations []observation `json:"observations,omitempty"`
	Findings     []finding     `json:"findings,omitempty"`
}

type reviewed struct {
	Selections []selection `json:"control-selections"`
}

type selection struct {
	Include []controlID `json:"include-controls,omitempty"`
	All     *struct{}   `json:"include-all,omitempty"` // where nothing was chosen: OSCAL wants one of the two
}

type controlID struct {
	ID string `json:"control-id"`
}

type observation struct {
	UUID        string     `json:"uuid"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Props       []prop     `json:"props"`
	Methods     []string   `json:"methods"`
	Collected   time.Time  `json:"collected"`
	Evidence    []evidence `json:"relevant-evidence,omitempty"`
}

type evidence struct {
	Description string `json:"description"`
}

type finding struct {
	UUID        string    `json:"uuid"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Target      target    `json:"target"`
	Related     []related `json:"related-observations"`
}

type target struct {
	Type   string `json:"type"`
	ID     string `json:"target-id"`
	Status state  `json:"status"`
}

type state struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
}

type related struct {
	UUID string `json:"observation-uuid"`
}

// Write writes a as one OSCAL assessment-results document, its texts as they stand in a. Equal assessments give equal bytes. Target
// detail that a holds is written: redact before, where the reader may not have it.
func Write(w io.Writer, a *assessment.Assessment) error {
	seed := a.Host.MachineID + "\x00" + a.Host.Name + "\x00" + a.MeasuredAt.UTC().Format(time.RFC3339Nano) + "\x00" + a.JudgedAt.UTC().Format(time.RFC3339Nano)
	id := func(parts ...string) string { return uuid(append([]string{seed}, parts...)...) }
	var names []string
	for _, b := range a.Baselines {
		names = append(names, fmt.Sprintf("%s %d", b.Name, b.Revision))
	}
	host := line(a.Host.Name, "host")
	plan := id("plan")
	d := document{assessmentResults{
		UUID: id("document"),
		Metadata: metadata{
			Title: "Vymir: " + host, Modified: a.JudgedAt.UTC(), Version: fmt.Sprintf("%s %d", line(a.Bundle.Name, "policies"), a.Bundle.Revision), OSCAL: Version},
		Import: link{"#" + plan},
		Back:   back{[]resource{{UUID: plan, Title: "Vymir baselines", Description: line(strings.Join(names, ", "), "no baselines")}}},
	}}
	r := result{
		UUID: id("result"), Title: host, Description: line(strings.TrimSpace(a.Host.OS+" "+a.Host.Role), "host"), Start: a.MeasuredAt.UTC(), End: a.JudgedAt.UTC(),
		Props: []prop{
			{"coverage-percent", Namespace, fmt.Sprintf("%.1f", a.Summary.CoveragePercent)},
			{"bundle-digest", Namespace, line(a.Bundle.Digest, "none")},
		},
	}
	if r.End.Before(r.Start) {
		r.End = r.Start // a clock that was set back
	}
	var chosen selection
	for i := range a.Results {
		x := &a.Results[i]
		o, err := observe(x, id("observation", x.Control), a.MeasuredAt)
		if err != nil {
			return err
		}
		r.Observations = append(r.Observations, o)
		chosen.Include = append(chosen.Include, controlID{x.Control})
		if f, ok := found(x, id("finding", x.Control), o.UUID); ok {
			r.Findings = append(r.Findings, f)
		}
	}
	if len(chosen.Include) == 0 {
		chosen.All = &struct{}{}
	}
	r.Reviewed.Selections = []selection{chosen}
	d.Results.Results = []result{r}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write OSCAL: %w", err)
	}
	return nil
}

func observe(x *assessment.Result, id string, at time.Time) (observation, error) {
	o := observation{
		UUID: id, Title: line(x.Title, x.Control), Description: line(x.Reason, x.Control), Methods: []string{"TEST"}, Collected: at.UTC(),
		Props: []prop{{"control", Namespace, x.Control}, {"status", Namespace, string(x.Status)}, {"severity", Namespace, line(string(x.Severity), "unknown")}},
	}
	add := func(name, value string) {
		if value = line(value, ""); value != "" {
			o.Props = append(o.Props, prop{name, Namespace, value})
		}
	}
	add("capability", x.Capability)
	for _, h := range []assessment.Half{assessment.Persisted, assessment.Live} {
		add(string(h), string(x.Verdicts[h]))
	}
	if x.Scoped {
		add("scoped", "administrator")
	}
	for _, framework := range slices.Sorted(maps.Keys(x.Mappings)) {
		for _, m := range x.Mappings[framework] {
			add(framework, m)
		}
	}
	if len(x.Target.Evidence) > 0 {
		b, err := json.Marshal(x.Target.Evidence)
		if err != nil {
			return o, fmt.Errorf("write OSCAL: evidence of %s: %w", x.Control, err)
		}
		o.Evidence = []evidence{{string(b)}}
	}
	return o, nil
}

// found gives the finding of a decided result; ok is false for the others.
func found(x *assessment.Result, id, observed string) (f finding, ok bool) {
	f = finding{UUID: id, Title: line(x.Title, x.Control), Description: line(x.Reason, x.Control), Related: []related{{observed}}}
	f.Target = target{Type: "objective-id", ID: x.Control, Status: state{"satisfied", "pass"}}
	switch x.Status {
	case assessment.Pass:
	case assessment.Fail:
		f.Target.Status = state{"not-satisfied", "fail"}
		f.Description += "\n\n" + strings.TrimSpace(x.Remedy)
		f.Description = strings.TrimSpace(f.Description)
	default:
		return f, false
	}
	return f, true
}

// line makes s one line without white space around it, or other when nothing is left: OSCAL's strings are never empty.
func line(s, other string) string {
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return other
	}
	return s
}

// uuid names a part of the document by what it stands for, in the form of a version 5 UUID.
func uuid(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
