// Package oscaltest holds NIST's JSON schema of OSCAL 1.1.3 for the tests of whatever writes OSCAL documents. No program imports it.
package oscaltest

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the schema
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed oscal-complete-1.1.3.json.gz
var packed []byte

// Schema compiles the complete schema, which knows every kind of OSCAL document. A failure ends the test.
func Schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(z)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("oscal.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("oscal.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
