package foreign

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"time"
)

// parseLynis reads the key=value lines of Lynis' report.dat. Lynis gives no verdict per test: a warning counts as failed, a
// suggestion as a hint, a test it skipped as not applicable, and what it only executed says nothing.
func parseLynis(b []byte) (*Report, error) {
	r := &Report{Tool: "Lynis"}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(make([]byte, 0, 64<<10), 4<<20)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), "=")
		if !ok {
			continue
		}
		var err error
		switch key = strings.TrimSpace(key); key {
		case "lynis_version":
			r.Version = value
		case "hostname":
			r.Target = value
		case "report_datetime_end", "report_datetime_start":
			if at, err := time.Parse("2006-01-02 15:04:05", strings.TrimSpace(value)); err == nil && (r.Made.IsZero() || key == "report_datetime_end") {
				r.Made = at
			}
		case "hardening_index":
			err = r.add(Result{Rule: "hardening_index", Status: Informational, Detail: value})
		case "warning[]":
			err = r.add(lynisLine(value, Fail))
		case "suggestion[]":
			err = r.add(lynisLine(value, Informational))
		case "tests_skipped":
			for id := range strings.SplitSeq(value, "|") {
				if id != "" && err == nil {
					err = r.add(Result{Rule: id, Status: NotApplicable})
				}
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if r.Version == "" {
		return nil, ErrFormat
	}
	return r, nil
}

// lynisLine reads "TEST-ID|text|details|solution|"; "-" stands for nothing.
func lynisLine(value string, s Status) Result {
	parts := strings.Split(value, "|")
	for len(parts) < 4 {
		parts = append(parts, "")
	}
	for i, p := range parts {
		if p == "-" {
			parts[i] = ""
		}
	}
	return Result{Rule: parts[0], Title: parts[1], Status: s, Detail: strings.TrimSpace(parts[2] + " " + strings.TrimPrefix(parts[3], "text:"))}
}
