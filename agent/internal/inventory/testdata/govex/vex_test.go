package govex

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openvex/go-vex/pkg/vex"
)

// TestReadByOpenVEX opens a document, has every statement validated, and asks for weaknesses as a scanner asks that filters by it.
func TestReadByOpenVEX(t *testing.T) {
	doc, err := vex.Open("../openvex.json")
	if err != nil {
		t.Fatal(err)
	}
	if doc.Context != vex.ContextLocator() || doc.ID == "" || doc.Author == "" || doc.Timestamp == nil || doc.Version != 1 || len(doc.Statements) != 3 {
		t.Errorf("document %+v", doc.Metadata)
	}
	for i := range doc.Statements {
		if err := doc.Statements[i].Validate(); err != nil {
			t.Errorf("statement %d: %v", i, err)
		}
	}
	const openssl = "pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u3?arch=amd64&distro=debian-11"
	got := map[string]string{}
	for _, ask := range [][2]string{
		{"CVE-2023-0286", openssl},
		{"DSA-5343-1", openssl},
		{"CVE-2023-0286", "pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u4?arch=amd64&distro=debian-11"},
		{"CVE-2011-1", "pkg:deb/debian/libstdc%2B%2B6@10.2.1-6?arch=amd64&distro=debian-11"},
		{"CVE-2026-1", "pkg:deb/debian/bsdutils@1:2.36.1-8?arch=amd64&distro=debian-11"},
		{"CVE-2026-2", openssl},
	} {
		for _, s := range doc.Matches(ask[0], ask[1], nil) {
			got[ask[0]+" "+ask[1]] = string(s.Status)
		}
	}
	want := map[string]string{
		"CVE-2023-0286 " + openssl: "affected", "DSA-5343-1 " + openssl: "affected",
		"CVE-2011-1 pkg:deb/debian/libstdc%2B%2B6@10.2.1-6?arch=amd64&distro=debian-11": "not_affected",
		"CVE-2026-1 pkg:deb/debian/bsdutils@1:2.36.1-8?arch=amd64&distro=debian-11":     "affected",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what its library finds (-want +got):\n%s", diff)
	}
}
