package web

import (
	"encoding/json"
	"slices"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// decided is what a host said of its vulnerabilities: how they came out by the table of SSVC, the most urgent, and the rows of the table
// that were read for them. It comes from a host: every word is one of a list or is shown as it is.
type decided struct {
	Counts   []counted
	Deferred []counted // why some were deferred
	Found    []vulnerability
	More     int // that are not listed
	Table    []ssvcRow
	Impacts  []string // columns of the table
}

// counted is a number of vulnerabilities by the end of a catalogue key.
type counted struct {
	Key   string
	Count int
}

type vulnerability struct {
	ID         string          `json:"id"`
	Package    string          `json:"package"`
	Fixed      string          `json:"fixed"`
	Decision   string          `json:"decision"`
	Because    string          `json:"because"`
	Use        string          `json:"use"`
	Programs   []string        `json:"programs"`
	Exploited  json.RawMessage `json:"exploited"` // a day; absent: it is not listed as exploited
	Ransomware bool            `json:"ransomware"`
	EPSS       float64         `json:"epss"`
	Score      float64         `json:"score"`
	Row        ssvcRow         `json:"row"`
}

// ssvcRow is one row of the table: what leads to it, and what each impact makes of it, or the one impact that counted.
type ssvcRow struct {
	Exploitation string `json:"exploitation"`
	Exposure     string `json:"exposure"`
	Automatable  string `json:"automatable"`
	Impact       string `json:"impact"`
	Low          string `json:"low"`
	Medium       string `json:"medium"`
	High         string `json:"high"`
	VeryHigh     string `json:"very_high"`
}

// decidedOf reads what a finding's target says of vulnerabilities, and the evidence that is left beside it; nil when it says nothing of them.
func decidedOf(target string, rest []evidence) (*decided, []evidence) {
	var tg assessment.Target
	if json.Unmarshal([]byte(target), &tg) != nil {
		return nil, rest
	}
	for _, half := range []assessment.Half{assessment.Live, assessment.Persisted} {
		text, err := json.Marshal(tg.Evidence[string(half)])
		if err != nil {
			continue
		}
		var in struct {
			Decided  map[string]int  `json:"decided"`
			Deferred map[string]int  `json:"deferred_because"`
			Found    []vulnerability `json:"found"`
			More     int             `json:"more"`
			Table    []ssvcRow       `json:"table"`
		}
		if json.Unmarshal(text, &in) != nil || len(in.Decided) == 0 {
			continue
		}
		d := &decided{Found: in.Found, More: max(in.More, 0), Table: in.Table, Impacts: []string{"low", "medium", "high", "very_high"}}
		for _, name := range policies.Decisions {
			d.Counts = append(d.Counts, counted{name, in.Decided[name]})
		}
		for _, why := range sortedKeys(in.Deferred) {
			d.Deferred = append(d.Deferred, counted{why, in.Deferred[why]})
		}
		rest = slices.DeleteFunc(slices.Clone(rest), func(e evidence) bool { return e.Name == string(half) })
		return d, rest
	}
	return nil, rest
}
