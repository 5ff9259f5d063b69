package foreign

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// xccdfStatus says what the results of XCCDF 1.2 (NISTIR 7275, 6.6.4.2) are in our words.
var xccdfStatus = map[string]Status{
	"pass": Pass, "fixed": Pass, "fail": Fail, "error": Unmeasured, "unknown": Unmeasured, "notchecked": Unmeasured,
	"notapplicable": NotApplicable, "notselected": "", "informational": Informational,
}

// xccdf is a reading of an XCCDF document, or of an ARF collection that holds one.
type xccdf struct {
	d      *xml.Decoder
	report Report
	titles map[string]string // of rules, by id
	path   []string
	found  bool
}

// parseXCCDF walks the elements one by one: a report of OpenSCAP holds the whole content it tested by, which is not kept.
// Entities are not expanded and nothing is fetched: encoding/xml does neither.
func parseXCCDF(b []byte) (*Report, error) {
	x := &xccdf{d: xml.NewDecoder(bytes.NewReader(b)), titles: map[string]string{}}
	x.d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("only UTF-8 is read") }
	for {
		tok, err := x.d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if err := x.start(t); err != nil {
				return nil, err
			}
		case xml.EndElement:
			if len(x.path) > 0 {
				x.path = x.path[:len(x.path)-1]
			}
		}
	}
	if !x.found {
		return nil, ErrFormat
	}
	for i := range x.report.Results {
		x.report.Results[i].Title = x.titles[x.report.Results[i].Rule]
	}
	return &x.report, nil
}

func (x *xccdf) start(t xml.StartElement) error {
	if len(x.path) >= maxDepth {
		return fmt.Errorf("%w: elements are nested too deep", ErrFormat)
	}
	name := t.Name.Local
	if !strings.Contains(t.Name.Space, "xccdf") {
		name = "other"
	}
	parent := ""
	if len(x.path) > 0 {
		parent = x.path[len(x.path)-1]
	}
	switch {
	case name == "TestResult":
		x.found = true
		x.head(t)
	case name == "rule-result" && parent == "TestResult":
		return x.result(t)
	case name == "target" && parent == "TestResult":
		return x.text(&x.report.Target, t)
	case name == "profile" && parent == "TestResult":
		x.report.Profile = attr(t, "idref")
	case name == "title" && strings.HasPrefix(parent, "Rule "):
		var title string
		if err := x.text(&title, t); err != nil {
			return err
		}
		if id := strings.TrimPrefix(parent, "Rule "); x.titles[id] == "" && len(x.titles) < maxResults {
			x.titles[id] = clean(title)
		}
		return nil
	case name == "Rule":
		name = "Rule " + attr(t, "id")
	}
	x.path = append(x.path, name)
	return nil
}

func (x *xccdf) head(t xml.StartElement) {
	x.report.Tool, x.report.Version = "XCCDF", ""
	// "cpe:/a:redhat:openscap:1.3.7"
	if parts := strings.Split(attr(t, "test-system"), ":"); len(parts) >= 4 {
		x.report.Tool = parts[3]
		if len(parts) > 4 {
			x.report.Version = parts[4]
		}
	}
	if x.report.Tool == "openscap" {
		x.report.Tool = "OpenSCAP"
	}
	for _, name := range []string{"end-time", "start-time"} {
		if at, err := time.Parse(time.RFC3339, attr(t, name)); err == nil {
			x.report.Made = at.UTC()
			return
		}
		if at, err := time.Parse("2006-01-02T15:04:05", attr(t, name)); err == nil {
			x.report.Made = at
			return
		}
	}
}

func (x *xccdf) result(t xml.StartElement) error {
	var v struct {
		Result  string `xml:"result"`
		Message string `xml:"message"`
	}
	if err := x.d.DecodeElement(&v, &t); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	status, known := xccdfStatus[strings.TrimSpace(v.Result)]
	if !known {
		return fmt.Errorf("%w: result %q", ErrFormat, clean(v.Result))
	}
	if status == "" { // not selected: it was not looked at, nor meant to be
		return nil
	}
	return x.report.add(Result{Rule: attr(t, "idref"), Status: status, Severity: attr(t, "severity"), Detail: v.Message})
}

func (x *xccdf) text(to *string, t xml.StartElement) error {
	if err := x.d.DecodeElement(to, &t); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return nil
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
