package inventory

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
)

// schema compiles the official schema of CycloneDX 1.6 with the two it refers to.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schema.json"} {
		f, err := os.Open("testdata/" + name + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(z)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hosts are documents of each package manager, with names and versions that want encoding.
func hosts() map[string]*facts.Document {
	out := map[string]*facts.Document{}
	for manager, id := range map[string]string{"dpkg": "debian", "rpm": "almalinux", "apk": "alpine", "opkg": "openwrt"} {
		doc := host()
		doc.OS = &facts.OS{ID: id, VersionID: "9.4"}
		doc.Packages.Manager = manager
		doc.Packages.Installed = append(doc.Packages.Installed,
			facts.Package{Name: "kernel", Version: "5.14.0-427.el9", Arch: "x86_64"}, facts.Package{Name: "kernel", Version: "5.14.0-427.el9", Arch: "x86_64"},
			facts.Package{Name: "bind", Version: "32:9.16.23-1.el9", Arch: "x86_64"}, facts.Package{Name: "odd name/\"ї", Version: "1 2~3", Arch: "a&b"})
		out[manager] = doc
	}
	return out
}

func TestCycloneDXFollowsItsSchema(t *testing.T) {
	s := schema(t)
	for manager, doc := range hosts() {
		var out bytes.Buffer
		if err := CycloneDX(&out, doc, "1.2.3"); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", manager, err)
		}
		v.(map[string]any)["components"].([]any)[0].(map[string]any)["type"] = "package"
		if s.Validate(v) == nil {
			t.Fatal("the schema lets everything pass")
		}
	}
}

// What OpenVEX 0.2.0 demands of a document: its schema was not to be had from a registry of packages.
func TestOpenVEXFollowsTheSpecification(t *testing.T) {
	for manager, doc := range hosts() {
		triaged := []policies.Triaged{
			{Vulnerability: facts.Vulnerability{ID: "DSA-1-1", CVEs: []string{"CVE-2026-1", "CVE-2026-2"}, Packages: []string{"kernel", "bind", "odd name/\"ї"}}, Decision: "immediate"},
			{Vulnerability: facts.Vulnerability{ID: "CVE-2011-1", Packages: []string{"libstdc++6"}, Unimportant: true}, Decision: "defer", Because: "unimportant"},
			{Vulnerability: facts.Vulnerability{ID: "CVE-2026-3", Packages: []string{"bsdutils"}}, Decision: "defer", Because: "unused"},
		}
		var out bytes.Buffer
		if err := OpenVEX(&out, doc, triaged, "1.2.3"); err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(out.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		only(t, manager, v, "@context", "@id", "author", "timestamp", "version", "tooling", "statements")
		for _, s := range v["statements"].([]any) {
			s := s.(map[string]any)
			only(t, manager, s, "vulnerability", "products", "status", "impact_statement", "action_statement")
			only(t, manager, s["vulnerability"].(map[string]any), "name", "aliases")
			_, impact := s["impact_statement"]
			_, action := s["action_statement"]
			if affected := s["status"] == "affected"; !affected && s["status"] != "not_affected" || affected != action || affected == impact {
				t.Errorf("%s: %v", manager, s)
			}
			var ids []string
			for _, p := range s["products"].([]any) {
				only(t, manager, p.(map[string]any), "@id")
				id := p.(map[string]any)["@id"].(string)
				if u, err := url.Parse(id); err != nil || u.Scheme != "pkg" || slices.Contains(ids, id) {
					t.Errorf("%s: product %q: %v", manager, id, err)
				}
				ids = append(ids, id)
			}
			if len(ids) == 0 {
				t.Errorf("%s: %v is about no product", manager, s)
			}
		}
		if err := OpenVEX(&out, doc, nil, "1.2.3"); !errors.Is(err, ErrNothing) {
			t.Errorf("without a vulnerability: %v", err)
		}
	}
}

// only reports keys that the format does not have.
func only(t *testing.T, where string, m map[string]any, keys ...string) {
	t.Helper()
	for k := range m {
		if !slices.Contains(keys, k) {
			t.Errorf("%s: key %q", where, k)
		}
	}
}
