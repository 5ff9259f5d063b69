package osvscan

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

var now = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// golden is a report that the program itself printed; its own tests hold it.
const golden = "../../../collector/osvscan/testdata/report.json"

// TestMain lets this binary stand for vymir-osvscan: its name says what it does.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "good":
		text, err := os.ReadFile(filepath.Join(filepath.Dir(os.Args[0]), "report.json"))
		if err != nil {
			os.Exit(1)
		}
		os.Stdout.Write(text)
		os.Exit(0)
	case "capped":
		fmt.Fprintln(os.Stderr, `{"schema": "vymir.osvscan/1", "error": "memory cap of 512 MiB reached", "code": 5}`)
		os.Exit(5)
	case "crashed":
		fmt.Fprintln(os.Stderr, "fatal error: runtime: out of memory\n\ngoroutine 1")
		os.Exit(2)
	case "nonsense":
		fmt.Print("hello")
		os.Exit(0)
	case "flood":
		for range 70 {
			fmt.Print(strings.Repeat(" ", 1<<20))
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program puts this test binary under a name into a folder with the report it prints.
func program(t *testing.T, name string) Options {
	t.Helper()
	dir := t.TempDir()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string][]byte{name: self, "report.json": report} {
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return Options{Program: filepath.Join(dir, name), Data: dir, Paths: []string{"/opt"}, Every: 24 * time.Hour, Time: time.Minute, MemoryMiB: 512, Dir: t.TempDir()}
}

func TestScan(t *testing.T) {
	o := program(t, "good")
	got, st := Scan(t.Context(), o, now)
	// One file of the report could not be read, which is said.
	if got == nil || st.State != facts.StatePartial || got.Unread != 1 || len(got.Ecosystems) != 5 || got.Packages != 5 {
		t.Fatalf("got %+v, %+v", got, st)
	}
	want := facts.LanguagePackage{Ecosystem: "Maven", Name: "org.example:invented", Version: "4.1", Locations: []string{"/java/invented-4.1.jar"},
		Vulnerabilities: []facts.LanguageVulnerability{{ID: "VYMIR-Maven-1", Aliases: []string{"CVE-2026-90001"}, Fixed: "5.0", Severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}}
	if diff := cmp.Diff(want, got.Vulnerable[1]); diff != "" {
		t.Errorf("package (-want +got):\n%s", diff)
	}
	// Within the interval the program is not started again, even were it gone.
	if err := os.Remove(o.Program); err != nil {
		t.Fatal(err)
	}
	if again, st := Scan(t.Context(), o, now.Add(23*time.Hour)); again == nil || again.AgeHours != 23 || st.State == facts.StateUnmeasured {
		t.Errorf("got %+v, %+v", again, st)
	}
	// After it, the last good result stays, and the status says so.
	if again, st := Scan(t.Context(), o, now.Add(25*time.Hour)); again == nil || len(again.Vulnerable) != 5 || st.State != facts.StatePartial || !strings.Contains(st.Reason, "it is not there") {
		t.Errorf("got %+v, %+v", again, st)
	}
	if left, err := filepath.Glob(filepath.Join(o.Dir, "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFailuresAreUnmeasured(t *testing.T) {
	for name, want := range map[string]string{
		"capped": "memory cap of 512 MiB reached", "crashed": "out of memory", "nonsense": "not a report", "flood": "more than 64 MiB",
	} {
		got, st := Scan(t.Context(), program(t, name), now)
		if got != nil || st.State != facts.StateUnmeasured || !strings.Contains(st.Reason, want) {
			t.Errorf("%s: got %+v, %+v", name, got, st)
		}
	}
	if got, st := Scan(t.Context(), Options{}, now); got != nil || st.State != facts.StateUnmeasured {
		t.Errorf("not set up: got %+v, %+v", got, st)
	}
	loose := program(t, "good")
	if err := os.Chmod(loose.Program, 0o777); err != nil {
		t.Fatal(err)
	}
	if got, st := Scan(t.Context(), loose, now); got != nil || !strings.Contains(st.Reason, "others than root can change it") {
		t.Errorf("writable by all: got %+v, %+v", got, st)
	}
}

func TestUnmeasuredEcosystemsAreSaid(t *testing.T) {
	l, err := parse([]byte(`{"schema": "vymir.osvscan/1", "ecosystems": [{"name": "npm", "state": "unmeasured", "reason": "no data for this ecosystem", "packages": 3}, {"name": "Go", "state": "splendid"}], "unread": [{}]}`), now)
	if err != nil {
		t.Fatal(err)
	}
	st := status(l, "")
	want := []facts.Unread{{What: "npm", Reason: "no data for this ecosystem"}, {What: "Go"}, {What: "1 files", Reason: "not readable as what they seem to be"}}
	if diff := cmp.Diff(want, st.Unread); diff != "" || st.State != facts.StatePartial {
		t.Errorf("%s (-want +got):\n%s", st.State, diff)
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parse(b, now)
		if err != nil {
			return
		}
		if len(l.Vulnerable) > maxVulnerable || len(l.Ecosystems) > maxEcosystems {
			t.Errorf("beyond the limits: %d, %d", len(l.Vulnerable), len(l.Ecosystems))
		}
		if _, err := json.Marshal(l); err != nil {
			t.Error(err)
		}
	})
}
