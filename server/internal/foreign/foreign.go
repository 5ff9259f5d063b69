// Package foreign reads what other tools say of a host: results of OpenSCAP (XCCDF or ARF), reports of Lynis, and SARIF of
// any scanner. They are kept as evidence beside our own measurements and are never mixed with them: they open and close
// no finding and count in no gap.
//
// The files come from people. Every reader is bounded in bytes and in results, and none of them follows a reference.
package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// Limits of a file.
const (
	MaxBytes   = 32 << 20 // of the file
	maxResults = 20_000
	maxText    = 2000 // bytes of any one text
	maxDepth   = 64   // of elements in elements
)

// ErrFormat means a file that is none of the known reports, or a broken one.
var ErrFormat = errors.New("not a report of OpenSCAP (XCCDF, ARF), of Lynis (report.dat) or in SARIF 2.1.0")

// ErrTooMany means more results than are kept.
var ErrTooMany = errors.New("the report holds more than 20,000 results")

// Status is what a tool said of one rule, in the words that all of them share.
type Status string

// The statuses.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Unmeasured    Status = "unmeasured" // the tool could not say
	NotApplicable Status = "not_applicable"
	Informational Status = "informational" // a hint, no verdict
)

// Report is what one tool said of one machine at one time.
type Report struct {
	Tool    string    `json:"tool"`
	Version string    `json:"version,omitempty"`
	Profile string    `json:"profile,omitempty"` // what it tested against
	Target  string    `json:"target,omitempty"`  // what it called the machine
	Made    time.Time `json:"made_at,omitzero"`  // zero: it does not say
	Results []Result  `json:"results"`
}

// Result is one rule of the tool.
type Result struct {
	Rule     string `json:"rule"`
	Title    string `json:"title,omitempty"`
	Status   Status `json:"status"`
	Severity string `json:"severity,omitempty"` // in the tool's own words
	Detail   string `json:"detail,omitempty"`
}

// Counts sums up results by status.
func (r *Report) Counts() map[Status]int {
	out := map[Status]int{}
	for _, v := range r.Results {
		out[v.Status]++
	}
	return out
}

// Parse recognises a file by its beginning and reads it. Errors are [ErrFormat] or [ErrTooMany].
func Parse(b []byte) (*Report, error) {
	if len(b) == 0 || len(b) > MaxBytes {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrFormat, len(b))
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var r *Report
	var err error
	switch start := bytes.TrimLeft(b, " \t\r\n"); {
	case bytes.HasPrefix(start, []byte("<")):
		r, err = parseXCCDF(b)
	case bytes.HasPrefix(start, []byte("{")):
		r, err = parseSARIF(b)
	default:
		r, err = parseLynis(b)
	}
	if err != nil {
		return nil, err
	}
	r.Tool, r.Version, r.Profile, r.Target = clean(r.Tool), clean(r.Version), clean(r.Profile), clean(r.Target)
	return r, nil
}

// add keeps one result within the limits.
func (r *Report) add(v Result) error {
	if len(r.Results) >= maxResults {
		return ErrTooMany
	}
	v.Rule, v.Title, v.Severity, v.Detail = clean(v.Rule), clean(v.Title), clean(v.Severity), clean(v.Detail)
	r.Results = append(r.Results, v)
	return nil
}

// clean makes a text one line of valid characters and cuts it.
func clean(s string) string {
	if len(s) > 4*maxText {
		s = s[:4*maxText]
	}
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))), " ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// Pack folds a report for the store.
func (r *Report) Pack() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("make encoder: %w", err)
	}
	defer e.Close()
	return e.EncodeAll(b, nil), nil
}

// Unpack is the inverse of [Report.Pack].
func Unpack(b []byte) (*Report, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, fmt.Errorf("make decoder: %w", err)
	}
	defer d.Close()
	text, err := d.DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("unfold report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("decode report: %w", err)
	}
	return &r, nil
}
