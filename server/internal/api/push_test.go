package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/need"
)

var update = flag.Bool("update", false, "rewrite docs/spec/push.openapi.json")

// TestPushDocument keeps the published description of the push connector in step with what is sent.
func TestPushDocument(t *testing.T) {
	got, err := PushDocument()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../../docs/spec/push.openapi.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of step (run go test ./server/internal/api -run PushDocument -update): %v", file, err)
	}
	var doc struct {
		OpenAPI  string         `json:"openapi"`
		Webhooks map[string]any `json:"webhooks"`
	}
	if err := json.Unmarshal(got, &doc); err != nil || doc.OpenAPI != "3.1.0" || doc.Webhooks["entry"] == nil {
		t.Errorf("%v: %+v", err, doc)
	}
}

// TestPushEventsFollowTheirSchema validates both kinds of event against the schema, and what is no event.
func TestPushEventsFollowTheirSchema(t *testing.T) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema := registry.Schema(reflect.TypeFor[catalogue.Event](), true, "Event")
	both := remedies.Text{"uk": "Текст", "en": "Text"}
	entry := &catalogue.DonorNeed{Schema: catalogue.DonorSchema, Ref: "e-1", Level: catalogue.Reasoned, Origin: catalogue.Measured, Recipient: both, Title: both, Purpose: both,
		Items: []catalogue.DonorItem{{Kind: remedies.Equipment, Title: both, Text: both, Quantity: 2, Unit: both, Cost: need.Money{Low: 1, High: 2}, CostSource: "estimate",
			Line: remedies.Build, LineReason: both, Capability: both, Requires: []remedies.Text{both}, Verifiable: true}},
		Until: "2027-01-31", Withheld: []catalogue.Withheld{{Field: "purpose", Why: "consent"}}}
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		event any
		ok    bool
	}{
		"published": {catalogue.Event{Type: catalogue.EntryPublished, Timestamp: at, Data: catalogue.EventData{Ref: "e-1", Entry: entry}}, true},
		"gone":      {catalogue.Event{Type: catalogue.EntryGone, Timestamp: at, Data: catalogue.EventData{Ref: "e-1"}}, true},
		"extra":     {map[string]any{"type": "entry.gone", "timestamp": at, "data": map[string]any{"ref": "e-1"}, "host": "mail-01"}, false},
		"no_ref":    {map[string]any{"type": "entry.gone", "timestamp": at, "data": map[string]any{}}, false},
	} {
		b, err := json.Marshal(c.event)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		res := &huma.ValidateResult{}
		huma.Validate(registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, v, res)
		if ok := len(res.Errors) == 0; ok != c.ok {
			t.Errorf("%s: %v", name, slices.Clone(res.Errors))
		}
	}
}
