package foreign

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// sarifFile is the part of SARIF 2.1.0 (OASIS) that is kept.
type sarifFile struct {
	Version string `json:"version"`
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name            string `json:"name"`
				Version         string `json:"version"`
				SemanticVersion string `json:"semanticVersion"`
				Rules           []struct {
					ID               string    `json:"id"`
					Name             string    `json:"name"`
					ShortDescription sarifText `json:"shortDescription"`
				} `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Invocations []struct {
			EndTimeUTC string `json:"endTimeUtc"`
			Machine    string `json:"machine"`
		} `json:"invocations"`
		Results []struct {
			RuleID    string    `json:"ruleId"`
			RuleIndex *int      `json:"ruleIndex"`
			Kind      string    `json:"kind"`
			Level     string    `json:"level"`
			Message   sarifText `json:"message"`
		} `json:"results"`
	} `json:"runs"`
}

type sarifText struct {
	Text string `json:"text"`
}

// parseSARIF reads a SARIF log. Without a kind a result is a failure, as the standard says (3.27.9); places in code are not kept.
func parseSARIF(b []byte) (*Report, error) {
	var f sarifFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if f.Version != "2.1.0" || len(f.Runs) == 0 {
		return nil, ErrFormat
	}
	r := &Report{}
	for _, run := range f.Runs {
		d := run.Tool.Driver
		if d.Name == "" {
			return nil, ErrFormat
		}
		if r.Tool == "" {
			r.Tool, r.Version = d.Name, d.Version
			if r.Version == "" {
				r.Version = d.SemanticVersion
			}
		}
		titles := map[string]string{}
		for _, rule := range d.Rules {
			titles[rule.ID] = rule.ShortDescription.Text
			if titles[rule.ID] == "" {
				titles[rule.ID] = rule.Name
			}
		}
		for _, v := range run.Invocations {
			if at, err := time.Parse(time.RFC3339, v.EndTimeUTC); err == nil && at.After(r.Made) {
				r.Made = at.UTC()
			}
			if r.Target == "" {
				r.Target = v.Machine
			}
		}
		for _, v := range run.Results {
			id := v.RuleID
			if id == "" && v.RuleIndex != nil && *v.RuleIndex >= 0 && *v.RuleIndex < len(d.Rules) {
				id = d.Rules[*v.RuleIndex].ID
			}
			status := map[string]Status{"": Fail, "fail": Fail, "pass": Pass, "notapplicable": NotApplicable, "open": Unmeasured, "review": Unmeasured,
				"informational": Informational}[strings.ToLower(v.Kind)]
			if status == "" {
				return nil, fmt.Errorf("%w: result kind %q", ErrFormat, clean(v.Kind))
			}
			if err := r.add(Result{Rule: id, Title: titles[id], Status: status, Severity: v.Level, Detail: v.Message.Text}); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}
