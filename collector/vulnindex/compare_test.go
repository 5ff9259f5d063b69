package vulnindex_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/internal/rpmdb"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

// Half of the records about Debian 11 (Debian security tracker, 2023-04), a tenth of those about Alpine 3.11 (secdb, 2020-06) and as many of
// those about AlmaLinux 9 (AlmaLinux/osv-database, 2026-08), as converted to or published as OSV, without their texts.
//
//go:embed testdata/compare.jsonl
var compareRecords []byte

// A data base that rpm 4.18 wrote: packages with the names that the records about AlmaLinux 9 have, without files, half of them at the fixed
// version and half just below it; some of those whose fix was built for a module are installed from outside one.
//
//go:embed testdata/almalinux9.sqlite.gz
var almalinuxPackages []byte

// rpms unpacks that data base and gives the packages in it.
func rpms(t *testing.T) (database string, packages []vulnindex.Package) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(almalinuxPackages))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := rpmdb.Read(bytes.NewReader(b), func(p rpmdb.Package) error {
		packages = append(packages, vulnindex.Package{Name: p.Name, Version: p.Version})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return string(b), packages
}

// recordsOf gives the published records about a release.
func recordsOf(t *testing.T, ecosystem string) (records [][]byte) {
	t.Helper()
	for line := range bytes.Lines(published(t, ecosystem)) {
		if bytes.Contains(line, []byte(`"`+ecosystem+`"`)) {
			records = append(records, bytes.TrimSpace(line))
		}
	}
	return records
}

// compared is one host that both matchers look at.
type compared struct {
	ecosystem string // of the records
	release   string // os-release
	database  string // path of the package data base
	content   string // of that file
	packages  []vulnindex.Package
	// The differences, each a defect of the other: what it misses, by the beginning of "package id", and what it makes up, by the whole.
	missed   map[string]string
	invented func(found string) bool
}

// published gives records line by line: the few at hand, or all where VYMIR_TEST_OSV names a folder with <Ecosystem>/all.zip.
func published(t *testing.T, ecosystem string) []byte {
	t.Helper()
	dir := os.Getenv("VYMIR_TEST_OSV")
	if dir == "" {
		return compareRecords
	}
	distribution, _, _ := strings.Cut(ecosystem, ":")
	z, err := zip.OpenReader(filepath.Join(dir, distribution, "all.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out bytes.Buffer
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if !bytes.Contains(raw, []byte(`"`+ecosystem+`"`)) {
			continue
		}
		if err := json.Compact(&out, raw); err != nil {
			t.Fatal(err)
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// installed makes a host of the records: of every other package the fixed version is installed, of the rest one just below.
func installed(t *testing.T, ecosystem, below string) (packages []vulnindex.Package, records [][]byte) {
	t.Helper()
	seen := map[string]bool{}
	for line := range bytes.Lines(published(t, ecosystem)) {
		r, err := vulnindex.ParseRecord(bytes.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		taken := false
		for _, a := range r.Affected {
			if a.Package.Ecosystem != ecosystem {
				continue
			}
			taken = true
			for _, g := range a.Ranges {
				for _, e := range g.Events {
					if e.Fixed == "" || e.Fixed == "0" || seen[a.Package.Name] {
						continue
					}
					seen[a.Package.Name] = true
					version := e.Fixed
					if len(packages)%2 == 0 {
						version += below
					}
					packages = append(packages, vulnindex.Package{Name: a.Package.Name, Version: version})
				}
			}
		}
		if taken {
			records = append(records, bytes.TrimSpace(line))
		}
	}
	return packages, records
}

// builtForModules tells whether what was found, "package id", rests on a fix that was built for an rpm module, while the package installed comes
// from outside of modules: the erratum is about another branch of the software, which is not there.
func builtForModules(packages []vulnindex.Package, records [][]byte) func(found string) bool {
	outside := map[string]bool{}
	for _, p := range packages {
		outside[p.Name] = !strings.Contains(p.Version, ".module")
	}
	return func(found string) bool {
		name, id, _ := strings.Cut(found, " ")
		for _, raw := range records {
			if !outside[name] || !bytes.Contains(raw, []byte(`"`+id+`"`)) {
				continue
			}
			r, err := vulnindex.ParseRecord(raw)
			if err != nil || r.ID != id {
				continue
			}
			for _, a := range r.Affected {
				if a.Package.Name == name && slices.ContainsFunc(a.Ranges[0].Events, func(e vulnindex.Event) bool { return strings.Contains(e.Fixed, ".module") }) {
					return true
				}
			}
		}
		return false
	}
}

// ours matches by an index built of the records; "name id" each.
func ours(t *testing.T, ecosystem string, records [][]byte, packages []vulnindex.Package) []string {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: ecosystem})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if _, err := b.Write(&file, vulnindex.Edition{Revision: 1, Created: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}, private); err != nil {
		t.Fatal(err)
	}
	x, err := vulnindex.Open(file.Bytes(), public)
	if err != nil {
		t.Fatal(err)
	}
	got, err := x.Match(packages)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Uncompared) > 0 {
		t.Errorf("not compared: %v", got.Uncompared)
	}
	out := []string{}
	for _, m := range got.Matches {
		out = append(out, m.Name+" "+m.Record.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// theirs has osv-scanner's own library, by way of vymir-osvscan, look at a root file system with the same packages and records.
func theirs(t *testing.T, program string, c compared, records [][]byte) []string {
	t.Helper()
	root := t.TempDir()
	var data bytes.Buffer
	z := zip.NewWriter(&data)
	for i, r := range records {
		w, err := z.Create(fmt.Sprintf("%d.json", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	distribution, _, _ := strings.Cut(c.ecosystem, ":")
	for name, content := range map[string][]byte{
		"osvscan": binary, "etc/os-release": []byte(c.release), c.database: []byte(c.content), "data/" + distribution + "/all.zip": data.Bytes(), "tmp/x": nil,
	} {
		at := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, content, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "/osvscan", "--system", "--data", "/data", "--memory-mib", "2048", "/var", "/lib")
	cmd.Dir, cmd.Env = "/", []string{"TMPDIR=/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var report struct {
		Packages []struct {
			Name            string `json:"name"`
			Vulnerabilities []struct {
				ID string `json:"id"`
			} `json:"vulnerabilities"`
		} `json:"packages"`
		CPUSeconds float64 `json:"cpu_seconds"`
		PeakBytes  uint64  `json:"peak_bytes"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	t.Logf("osv-scanner: %d packages, %.2f CPU-s, %d MiB", len(report.Packages), report.CPUSeconds, report.PeakBytes>>20)
	ids := []string{}
	for _, p := range report.Packages {
		for _, v := range p.Vulnerabilities {
			ids = append(ids, p.Name+" "+v.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// The second opinion: on the same packages and records osv-scanner finds the same, but for what it misses by a defect of its own.
func TestAgreesWithOSVScanner(t *testing.T) {
	program := os.Getenv("VYMIR_OSVSCAN")
	if program == "" {
		program = "../../bin/vymir-osvscan"
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("needs vymir-osvscan: make osvscan, or set VYMIR_OSVSCAN to its path")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: osv-scanner looks for package data bases at the root only, so it runs in a chroot")
	}
	dpkg := func(p vulnindex.Package) string {
		source := ""
		if p.Source != "" {
			source = "Source: " + p.Source
			if p.SourceVersion != "" {
				source += " (" + p.SourceVersion + ")"
			}
			source += "\n"
		}
		return fmt.Sprintf("Package: %s\nStatus: install ok installed\nArchitecture: amd64\n%sVersion: %s\n\n", p.Name, source, p.Version)
	}
	apk := func(p vulnindex.Package) string {
		return fmt.Sprintf("P:%s\nV:%s\nA:x86_64\no:%s\n\n", p.Name, p.Version, p.Name)
	}
	debian, debianRecords := installed(t, "Debian:11", "~")
	// A package whose version differs from its source's, and a kernel that is only wrapped by the package of its signature.
	debianRecords = append(debianRecords,
		[]byte(`{"schema_version":"1.6.0","id":"DSA-90001-1","modified":"2023-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:11","name":"epoched-source"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.36.1-8+deb11u2"}]}]}]}`),
		[]byte(`{"schema_version":"1.6.0","id":"DSA-90002-1","modified":"2023-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:11","name":"linux"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"5.10.999-1"}]}]}]}`))
	debian = slices.DeleteFunc(debian, func(p vulnindex.Package) bool { return p.Name == "linux" })
	debian = append(debian,
		vulnindex.Package{Name: "epoched-binary", Version: "1:2.36.1-8+deb11u1", Source: "epoched-source", SourceVersion: "2.36.1-8+deb11u1"},
		vulnindex.Package{Name: "linux-image-5.10.0-21-amd64", Version: "5.10.162-1", Source: "linux-signed-amd64", SourceVersion: "5.10.162+1"})
	alpine, alpineRecords := installed(t, "Alpine:v3.11", "_alpha")
	stanzas := func(packages []vulnindex.Package, stanza func(vulnindex.Package) string) string {
		var out strings.Builder
		for _, p := range packages {
			out.WriteString(stanza(p))
		}
		return out.String()
	}
	almalinuxFile, almalinux := rpms(t)
	almalinuxRecords := recordsOf(t, "AlmaLinux:9")
	for name, c := range map[string]struct {
		compared
		records [][]byte
	}{
		"debian-11": {compared{
			ecosystem: "Debian:11", release: "ID=debian\nVERSION_ID=\"11\"\nVERSION_CODENAME=bullseye\n", database: "var/lib/dpkg/status", content: stanzas(debian, dpkg), packages: debian,
			missed: map[string]string{
				"epoched-source DSA-90001-1": "compares the binary's version 1:2.36 with the source's fix 2.36",
				"linux DSA-":                 "knows no kernel: its package's source is linux-signed-amd64",
			},
		}, debianRecords},
		"alpine-3.11": {compared{ecosystem: "Alpine:v3.11", release: "ID=alpine\nVERSION_ID=3.11.6\n", database: "lib/apk/db/installed", content: stanzas(alpine, apk), packages: alpine}, alpineRecords},
		"almalinux-9": {compared{ecosystem: "AlmaLinux:9", release: "ID=almalinux\nVERSION_ID=\"9.4\"\n", database: "var/lib/rpm/rpmdb.sqlite", content: almalinuxFile, packages: almalinux,
			invented: builtForModules(almalinux, almalinuxRecords)}, almalinuxRecords},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := ours(t, c.ecosystem, c.records, c.packages), theirs(t, program, c.compared, c.records)
			explained := 0
			agreed := slices.DeleteFunc(slices.Clone(here), func(id string) bool {
				for prefix, why := range c.missed {
					if strings.HasPrefix(id, prefix) && !slices.Contains(there, id) {
						t.Logf("osv-scanner misses %s: it %s", id, why)
						explained++
						return true
					}
				}
				return false
			})
			made := 0
			if c.invented != nil {
				there = slices.DeleteFunc(there, func(id string) bool {
					if slices.Contains(here, id) || !c.invented(id) {
						return false
					}
					made++
					return true
				})
				t.Logf("osv-scanner reports %d for packages outside modules by fixes that were built for a module", made)
				if made == 0 {
					t.Error("nothing of it was compared")
				}
			}
			if diff := cmp.Diff(there, agreed); diff != "" {
				t.Errorf("ids (-osv-scanner +ours):\n%s", diff)
			}
			if len(agreed) < 40 || len(c.missed) > 0 && explained < len(c.missed) {
				t.Errorf("only %d ids agree, %d differences explained: the test compares too little", len(agreed), explained)
			}
			t.Logf("agreement: %d of %d ids", len(agreed), len(here)+made)
		})
	}
}
