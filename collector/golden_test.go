package collector

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/hosttest"
)

var update = flag.Bool("update", false, "rewrite the expected facts of the hosts in testdata")

// goldenNow is the time at which every host in testdata is measured.
var goldenNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestHosts measures every whole host in testdata/hosts and compares its facts with the file beside it. A host that
// holds a proc directory is measured as a running one, from that recording; the others as under --root.
func TestHosts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files to their owners")
	}
	hosts, err := filepath.Glob("testdata/hosts/*.txtar")
	if err != nil || len(hosts) == 0 {
		t.Fatalf("no hosts: %v", err)
	}
	for _, h := range hosts {
		name := strings.TrimSuffix(filepath.Base(h), ".txtar")
		t.Run(name, func(t *testing.T) {
			got := measure(t, h)
			golden := strings.TrimSuffix(h, ".txtar") + ".facts.json"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("read expected facts: %v; go test ./collector -run TestHosts -update writes them", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("facts (-want +got); go test ./collector -run TestHosts -update takes them over:\n%s", diff)
			}
		})
	}
}

// measure returns the facts of a host with what differs from run to run taken out.
func measure(t *testing.T, txtar string) []byte {
	t.Helper()
	root := hosttest.Load(t, txtar)
	o := Options{Root: root, Now: goldenNow, RuntimeReason: "no probes are running"}
	if _, err := os.Stat(filepath.Join(root, "proc")); err == nil {
		o.proc = root
	}
	doc, err := Collect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	doc.Root, doc.Privileged, doc.DurationSeconds = "/", true, 0
	for name, st := range doc.Families {
		if st.State == facts.StateError {
			t.Errorf("family %s: %s", name, st.Reason)
		}
		st.DurationSeconds = 0
		doc.Families[name] = st
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), root) {
		t.Error("the facts name the directory the host was unpacked to")
	}
	return b.Bytes()
}
