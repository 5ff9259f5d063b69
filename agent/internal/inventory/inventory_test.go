package inventory

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
)

func host() *facts.Document {
	return &facts.Document{
		Schema: facts.Schema, MeasuredAt: time.Date(2026, 11, 21, 10, 0, 0, 5, time.UTC), Host: facts.Host{Name: "secret-name"},
		OS: &facts.OS{ID: "debian", VersionID: "11"},
		Packages: &facts.Packages{Manager: "dpkg", Installed: []facts.Package{
			{Name: "libssl1.1", Version: "1.1.1n-0+deb11u3", Arch: "amd64", Source: "openssl"},
			{Name: "bsdutils", Version: "1:2.36.1-8", Arch: "amd64", Source: "util-linux", SourceVersion: "2.36.1-8"},
			{Name: "libstdc++6", Version: "10.2.1-6", Arch: "amd64"},
		}},
		Vulnerabilities: &facts.Vulnerabilities{},
		Families:        map[string]facts.Status{},
	}
}

var uuid = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestCycloneDX(t *testing.T) {
	var out bytes.Buffer
	if err := CycloneDX(&out, host(), "1.2.3"); err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := json.Unmarshal(out.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || b.Spec != "1.6" || !uuid.MatchString(b.Serial) || b.Version != 1 {
		t.Errorf("head: %+v", b)
	}
	refs, purls := map[string]bool{b.Metadata.Component.Ref: true}, []string{}
	for _, c := range b.Components {
		if refs[c.Ref] || c.Name == "" || c.Type == "" {
			t.Errorf("component %+v", c)
		}
		refs[c.Ref] = true
		purls = append(purls, c.PURL)
	}
	want := []string{
		"pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u3?arch=amd64&distro=debian-11",
		"pkg:deb/debian/bsdutils@1:2.36.1-8?arch=amd64&distro=debian-11",
		"pkg:deb/debian/libstdc%2B%2B6@10.2.1-6?arch=amd64&distro=debian-11",
	}
	if diff := cmp.Diff(want, purls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(out.String(), "secret-name") {
		t.Error("the host's name is in it")
	}
	doc := host()
	doc.Packages = nil
	if CycloneDX(&out, doc, "1") == nil {
		t.Error("packages that were not measured are an empty bill")
	}
}

func TestRPMAndOpkg(t *testing.T) {
	doc := host()
	doc.OS = &facts.OS{ID: "almalinux", VersionID: "9.4"}
	doc.Packages = &facts.Packages{Manager: "rpm"}
	if got := PURL(doc, facts.Package{Name: "bind", Version: "32:9.16.23-1.el9", Arch: "x86_64"}); got != "pkg:rpm/almalinux/bind@9.16.23-1.el9?arch=x86_64&distro=almalinux-9.4&epoch=32" {
		t.Error(got)
	}
	doc.Packages.Manager = "opkg"
	if got := PURL(doc, facts.Package{Name: "dnsmasq", Version: "2.90-1"}); !strings.HasPrefix(got, "pkg:generic/") {
		t.Error(got)
	}
}

func TestOpenVEX(t *testing.T) {
	triaged := []policies.Triaged{
		{Vulnerability: facts.Vulnerability{ID: "DSA-5343-1", CVEs: []string{"CVE-2023-0286"}, Packages: []string{"libssl1.1"}, Fixed: "1.1.1n-0+deb11u4"}, Decision: "immediate", Because: "exploited", Row: policies.SSVCRow{Exploitation: "active", Exposure: "open", Automatable: "yes", Impact: "high"}},
		{Vulnerability: facts.Vulnerability{ID: "CVE-2011-1", Packages: []string{"libstdc++6"}, Unimportant: true}, Decision: "defer", Because: "unimportant"},
		{Vulnerability: facts.Vulnerability{ID: "CVE-2026-1", Packages: []string{"bsdutils"}}, Decision: "defer", Because: "unused"},
	}
	var out bytes.Buffer
	if err := OpenVEX(&out, host(), triaged, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	var v vex
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	// OpenVEX's own library reads this file in the module testdata/govex.
	const golden = "testdata/openvex.json"
	if os.Getenv("VYMIR_UPDATE") == "1" {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	expect, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(expect), out.String()); diff != "" {
		t.Errorf("document; VYMIR_UPDATE=1 writes it anew (-want +got):\n%s", diff)
	}
	if v.Context != "https://openvex.dev/ns/v0.2.0" || !uuid.MatchString(v.ID) || v.Author == "" || v.Version != 1 || v.Timestamp.IsZero() {
		t.Errorf("head: %+v", v)
	}
	got := []string{}
	for _, s := range v.Statements {
		if len(s.Products) != 1 || s.Status == "affected" && s.Action == "" || s.Status == "not_affected" && s.Impact == "" {
			t.Errorf("statement %+v", s)
		}
		got = append(got, s.Vulnerability.Name+" "+s.Status)
	}
	want := []string{"DSA-5343-1 affected", "CVE-2011-1 not_affected", "CVE-2026-1 affected"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	doc := host()
	doc.Vulnerabilities = nil
	if OpenVEX(&out, doc, nil, "1") == nil {
		t.Error("vulnerabilities that were not measured are an empty document")
	}
}
