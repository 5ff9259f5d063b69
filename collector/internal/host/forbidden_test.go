package host

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/facts"
)

func forbidden(t *testing.T, env *Env, doc *facts.Document, entries ...banned.Entry) (*facts.ForbiddenSoftware, facts.Status) {
	t.Helper()
	env.Banned = &banned.List{Schema: banned.Schema, Source: "fictitious", AsOf: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Entries: entries}
	if err := env.Banned.Check(); err != nil {
		t.Fatal(err)
	}
	st := collectForbidden(context.Background(), env, doc)
	return doc.ForbiddenSoftware, st
}

// A mounted disk: what is installed is matched, what runs is not said anything of.
func TestForbiddenSoftwareOnADisk(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"var/lib/dpkg/status": "Package: badsoft-common\nStatus: install ok installed\nMaintainer: Bad People <all@badsoft.example>\nVersion: 1.0\n\n" +
			"Package: harmless\nStatus: install ok installed\nMaintainer: Bad People <all@badsoft.example>\nVersion: 2.0\n\n" +
			"Package: gone\nStatus: deinstall ok config-files\nMaintainer: Bad People <all@badsoft.example>\nVersion: 3.0\n\n",
		"opt/badsoft/bin/office": "x",
	} {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	env, err := Open(Options{Root: root, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer env.Close()
	doc := &facts.Document{
		Packages: &facts.Packages{Manager: "dpkg", Installed: []facts.Package{{Name: "badsoft-common", Version: "1.0"}, {Name: "harmless", Version: "2.0"}},
			Sources: []facts.Repository{{URI: "https://repo.badsoft.example/apt", Enabled: true}, {URI: "https://repo.badsoft.example/old"}}},
		Hardware: &facts.Hardware{Vendor: "Worse Inc", Product: "Router 3"},
	}
	got, st := forbidden(t, env, doc,
		banned.Entry{ID: "X-1", Name: "BadSoft", Reference: "1.1", Packages: []string{"badsoft*"}, Makers: []string{"*@badsoft.example>"}, Signers: []string{"repo.badsoft.example"},
			Paths: []string{"/opt/badsoft/bin/*"}, Processes: []string{"badsoftd"}},
		banned.Entry{ID: "X-2", Name: "Router", Equipment: []string{"worse inc *"}},
		banned.Entry{ID: "X-3", Name: "Absent", Packages: []string{"absent"}})
	var found []string
	for _, f := range got.Found {
		found = append(found, f.Entry+" "+f.By+" "+f.What)
	}
	want := []string{"X-1 maker badsoft-common 1.0", "X-1 maker harmless 2.0", "X-1 package badsoft-common 1.0", "X-1 path /opt/badsoft/bin/office", "X-1 signer https://repo.badsoft.example/apt", "X-2 equipment Worse Inc Router 3"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if !got.Persisted || got.Live || st.State != facts.StateOK {
		t.Errorf("persisted %v, live %v, %+v", got.Persisted, got.Live, st)
	}
}

// This very test runs here: by its name and by its hash.
func TestForbiddenSoftwareThatRuns(t *testing.T) {
	env, err := Open(Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer env.Close()
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	s := &search{env: env, doc: &facts.Document{}, out: &facts.ForbiddenSoftware{}}
	sum, _, err := s.hash(t.Context(), self, maxProgram)
	if err != nil {
		t.Fatal(err)
	}
	doc := &facts.Document{
		Processes: &facts.Processes{Names: []string{}},
		Sockets:   &facts.Sockets{Listeners: []facts.Listener{{Protocol: "tcp6", Port: 4711, Program: "badsoftd"}, {Protocol: "tcp", Port: 4711, Program: "nginx"}}},
	}
	got, _ := forbidden(t, env, doc,
		banned.Entry{ID: "X-1", Name: "This", SHA256: []string{sum}, Processes: []string{filepath.Base(self)}},
		banned.Entry{ID: "X-2", Name: "Service", Services: []string{"badsoftd:tcp/4711"}})
	var found []string
	for _, f := range got.Found {
		if !f.Live {
			t.Errorf("%+v is not live", f)
		}
		found = append(found, f.Entry+" "+f.By+" "+f.What)
	}
	if diff := cmp.Diff([]string{"X-1 process " + self, "X-1 sha256 " + self, "X-2 service badsoftd tcp/4711"}, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if got.Persisted {
		t.Error("without packages nothing is said of what is installed")
	}
}

func TestForbiddenSoftwareWithoutAListIsUnmeasured(t *testing.T) {
	doc := &facts.Document{}
	if st := collectForbidden(context.Background(), &Env{}, doc); st.State != facts.StateUnmeasured || st.Reason == "" || doc.ForbiddenSoftware != nil {
		t.Errorf("got %+v", st)
	}
}
