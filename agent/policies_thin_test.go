//go:build thin

package agent

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/redact"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
)

func thinDocument() *facts.Document {
	return &facts.Document{
		Schema: facts.Schema, MeasuredAt: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Families: map[string]facts.Status{},
		Host: facts.Host{Name: "kvitka", MachineID: "0123"}, Kernel: &facts.Kernel{Release: "6.1.0"},
	}
}

// Facts leave a host without a policy engine only where its consent allows all of them.
func TestFactsLeaveByConsent(t *testing.T) {
	for name, c := range map[string]redact.Consent{
		"default": {}, "named": {Profile: redact.Named},
		"evidence withheld":  {Profile: redact.Detailed, Withhold: []string{"evidence"}},
		"one param withheld": {Profile: redact.Detailed, Withhold: []string{"params.users"}},
	} {
		if _, err := conclude(t.Context(), Config{}, thinDocument(), c); !errors.Is(err, errFactsStay) {
			t.Errorf("%s: %v, want that the facts stay", name, err)
		}
	}
	m, err := conclude(t.Context(), Config{Role: "appliance"}, thinDocument(), redact.Consent{Profile: redact.Detailed, Withhold: []string{"host_name", "kernel"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := wire.Decompress(m.Facts, wire.MaxFactsBytes)
	if err != nil {
		t.Fatal(err)
	}
	o, ok, err := policies.Carried(text)
	if err != nil || !ok || o.Role != "appliance" || !o.Now.Equal(thinDocument().MeasuredAt) {
		t.Errorf("carried %+v, %v, %v", o, ok, err)
	}
	var doc facts.Document
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Host.Name != "" || doc.Host.MachineID != "" || doc.Kernel != nil || doc.Families["kernel"].State != facts.StateUnmeasured {
		t.Errorf("what was withheld left: %+v, %+v", doc.Host, doc.Kernel)
	}
}
