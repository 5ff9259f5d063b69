// Package inventory writes what is installed on a host, and what of it is vulnerable, in the formats of others: CycloneDX for the
// bill of materials, OpenVEX for the weaknesses. Both are plain JSON written from the facts; nothing leaves the host by itself.
package inventory

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
)

// Tool is the program that writes.
const Tool = "vymir-agent"

type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Serial     string      `json:"serialNumber"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Timestamp time.Time `json:"timestamp"`
	Tools     struct {
		Components []component `json:"components"`
	} `json:"tools"`
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref,omitempty"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// CycloneDX writes the packages of doc as a CycloneDX 1.6 bill of materials. The host's name is left out. Packages that were not
// measured are an error: an empty bill would say that nothing is installed.
func CycloneDX(w io.Writer, doc *facts.Document, version string) error {
	if doc.Packages == nil || doc.Packages.Installed == nil || doc.OS == nil {
		return fmt.Errorf("write bill of materials: the packages were not measured: %s", doc.Families["packages"].Reason)
	}
	b := bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Components: []component{}}
	b.Metadata.Timestamp = doc.MeasuredAt.UTC().Truncate(time.Second)
	b.Metadata.Tools.Components = []component{{Type: "application", Name: Tool, Version: version}}
	b.Metadata.Component = component{Type: "operating-system", Ref: "os", Name: doc.OS.ID, Version: doc.OS.VersionID}
	seen := map[string]int{}
	for _, p := range doc.Packages.Installed {
		c := component{Type: "library", Name: p.Name, Version: p.Version, PURL: PURL(doc, p)}
		c.Ref = c.PURL
		if seen[c.PURL]++; seen[c.PURL] > 1 { // rpm keeps several of one kernel, and keys by the same name
			c.Ref = fmt.Sprintf("%s#%d", c.PURL, seen[c.PURL])
		}
		if p.Source != "" {
			c.Properties = append(c.Properties, property{"vymir:source", p.Source})
		}
		if p.SourceVersion != "" {
			c.Properties = append(c.Properties, property{"vymir:source_version", p.SourceVersion})
		}
		b.Components = append(b.Components, c)
	}
	serial, err := urn(b)
	if err != nil {
		return err
	}
	b.Serial = serial
	return write(w, b)
}

// PURL names an installed package as a package URL.
func PURL(doc *facts.Document, p facts.Package) string {
	kind := map[string]string{"dpkg": "deb", "rpm": "rpm", "apk": "apk"}[doc.Packages.Manager]
	if kind == "" {
		kind = "generic" // opkg has no type of its own
	}
	version, qualifiers := p.Version, url.Values{}
	if p.Arch != "" {
		qualifiers.Set("arch", p.Arch)
	}
	if epoch, rest, ok := strings.Cut(p.Version, ":"); ok && kind == "rpm" {
		version = rest
		qualifiers.Set("epoch", epoch)
	}
	if doc.OS.VersionID != "" {
		qualifiers.Set("distro", doc.OS.ID+"-"+doc.OS.VersionID)
	}
	out := "pkg:" + kind + "/" + escape(doc.OS.ID) + "/" + escape(p.Name) + "@" + escape(version)
	if len(qualifiers) > 0 {
		out += "?" + strings.ReplaceAll(qualifiers.Encode(), "+", "%20")
	}
	return out
}

// escape percent-encodes what a package URL wants encoded: all but letters, digits, and . - _ ~ :
func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%3A", ":")
}

type vex struct {
	Context    string      `json:"@context"`
	ID         string      `json:"@id"`
	Author     string      `json:"author"`
	Timestamp  time.Time   `json:"timestamp"`
	Version    int         `json:"version"`
	Tooling    string      `json:"tooling"`
	Statements []statement `json:"statements"`
}

type statement struct {
	Vulnerability named     `json:"vulnerability"`
	Products      []product `json:"products"`
	Status        string    `json:"status"`
	Impact        string    `json:"impact_statement,omitempty"`
	Action        string    `json:"action_statement,omitempty"`
}

type named struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
}

type product struct {
	ID string `json:"@id"`
}

// ErrNothing says that there is nothing to state: an OpenVEX document has one statement or more.
var ErrNothing = errors.New("no vulnerability was found, and an OpenVEX document states one at least")

// OpenVEX writes what the triage makes of each vulnerability as an OpenVEX 0.2.0 document. A vulnerable package is affected even when nothing
// uses it: the action then says that it is deferred, and why. Only where the distribution itself calls a weakness unimportant
// the package is not affected. Vulnerabilities that were not measured are an error.
func OpenVEX(w io.Writer, doc *facts.Document, triaged []policies.Triaged, version string) error {
	if doc.Vulnerabilities == nil || doc.Packages == nil || doc.OS == nil {
		return fmt.Errorf("write vulnerabilities: they were not measured: %s", doc.Families["vulnerabilities"].Reason)
	}
	byName := map[string][]string{}
	for _, p := range doc.Packages.Installed {
		byName[p.Name] = append(byName[p.Name], PURL(doc, p))
	}
	v := vex{
		Context: "https://openvex.dev/ns/v0.2.0", Author: Tool, Timestamp: doc.MeasuredAt.UTC().Truncate(time.Second), Version: 1,
		Tooling: Tool + " " + version, Statements: []statement{},
	}
	for _, t := range triaged {
		s := statement{Vulnerability: named{Name: t.ID, Aliases: slices.DeleteFunc(slices.Clone(t.CVEs), func(cve string) bool { return cve == t.ID })}, Status: "affected", Products: []product{}}
		for _, name := range t.Packages {
			for _, purl := range byName[name] {
				if one := (product{purl}); !slices.Contains(s.Products, one) { // rpm keeps several of one kernel
					s.Products = append(s.Products, one)
				}
			}
		}
		if t.Unimportant {
			s.Status, s.Impact = "not_affected", "The distribution calls this weakness unimportant in its package."
		} else {
			s.Action = action(t)
		}
		v.Statements = append(v.Statements, s)
	}
	id, err := urn(v)
	if err != nil {
		return err
	}
	if v.ID = id; len(v.Statements) == 0 {
		return ErrNothing
	}
	return write(w, v)
}

// action says what to do and why, by the row of the table.
func action(t policies.Triaged) string {
	what := map[string]string{
		"immediate": "Act now", "out_of_cycle": "Act before the next maintenance", "scheduled": "Mend at the next maintenance", "defer": "Deferred",
	}[t.Decision]
	how := "; no mended version exists yet"
	if t.Fixed != "" {
		how = "; mended in " + t.Fixed
	}
	return fmt.Sprintf("%s (%s; exploitation %s, exposure %s, automatable %s, impact %s)%s.", what, t.Because,
		t.Row.Exploitation, t.Row.Exposure, t.Row.Automatable, t.Row.Impact, how)
}

// urn names a document by its content, as a UUID of version 8.
func urn(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode inventory: %w", err)
	}
	h := sha256.Sum256(b)
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16]), nil
}

func write(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write inventory: %w", err)
	}
	return nil
}
