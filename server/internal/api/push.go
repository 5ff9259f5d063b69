package api

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/server/internal/catalogue"
)

// PushDocument is the OpenAPI 3.1 description of what the push connector sends (docs/spec/push.openapi.json): one webhook
// with its headers, its body made from the Go types, and the answers that matter.
func PushDocument() ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	event := registry.Schema(reflect.TypeFor[catalogue.Event](), true, "Event")
	if e := registry.Map()["Event"]; e != nil && e.Properties["type"] != nil {
		e.Properties["type"].Enum = []any{catalogue.EntryPublished, catalogue.EntryGone}
	}
	header := func(name, text string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: text, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	doc := huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Vymir push connector", Version: "1",
			Description: "What another catalogue receives, see docs/spec/push.md. An entry is sent as the donor organisation that stands for the catalogue reads it.",
			License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Paths: map[string]*huma.PathItem{},
		Webhooks: map[string]*huma.PathItem{"entry": {Post: &huma.Operation{
			OperationID: "entry", Summary: "An entry appeared, changed or is gone",
			Description: "Calls repeat until they are answered with 2xx, in order, withdrawals first. The same event has the same Webhook-Id: take it once.",
			Parameters: []*huma.Param{
				header("Webhook-Id", "Follows from the content: the same event twice has the same id."),
				header("Webhook-Timestamp", "Unix seconds; refuse more than five minutes either way."),
				header("Webhook-Signature", `"v1," and base64 of HMAC-SHA256 with the shared secret over id.timestamp.body (Standard Webhooks 1.0).`),
			},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: event}}},
			Responses: map[string]*huma.Response{
				"204": {Description: "Kept (entry.published) or forgotten (entry.gone) for good."},
				"401": {Description: "The signature does not hold, or the time is too far away."},
				"503": {Description: "Not now: the event comes again."},
			},
		}}},
		Components: &huma.Components{Schemas: registry},
	}
	b, err := json.Marshal(&doc)
	if err != nil {
		return nil, fmt.Errorf("encode push document: %w", err)
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		return nil, fmt.Errorf("order push document: %w", err)
	}
	b, err = json.MarshalIndent(plain, "", " ") // maps are written in the order of their keys
	return append(b, '\n'), err
}
