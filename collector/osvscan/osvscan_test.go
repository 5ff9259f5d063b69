package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestMain lets this binary stand for the program: budgets end a whole process.
func TestMain(m *testing.M) {
	if os.Getenv("VYMIR_OSVSCAN_RUN") == "1" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// program runs the program in a process of its own and returns what it printed and its exit code.
func program(t *testing.T, args ...string) (stdout, stderr []byte, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "VYMIR_OSVSCAN_RUN=1", "TMPDIR="+t.TempDir())
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.Bytes(), complaint.Bytes(), cmd.ProcessState.ExitCode()
}

// report runs a scan that has to succeed.
func report(t *testing.T, args ...string) Report {
	t.Helper()
	out, complaint, code := program(t, args...)
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, complaint)
	}
	var r Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return r
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
		t.Fatal(err)
	}
}

func pack(t *testing.T, path string, files map[string]string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.String())
}

// packRepeated writes an archive that holds the same text n times, compressed once.
func packRepeated(t *testing.T, path, text string, n int) {
	t.Helper()
	var body, out bytes.Buffer
	c, err := flate.NewWriter(&body, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&out)
	for i := range n {
		w, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("%d.json", i), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(text)), CompressedSize64: uint64(body.Len()), UncompressedSize64: uint64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, out.String())
}

func record(id, ecosystem, name, fixed string) string {
	return fmt.Sprintf(`{"schema_version": "1.6.0", "id": %q, "modified": "2026-11-02T00:00:00Z", "aliases": ["CVE-2026-90001"],
		"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
		"affected": [{"package": {"ecosystem": %q, "name": %q}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": %q}]}]}]}`, id, ecosystem, name, fixed)
}

// data writes the data of all ecosystems but those left out: one record about each package that [tree] holds.
func data(t *testing.T, without ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []struct{ ecosystem, name, fixed string }{
		{"Go", "golang.org/x/sys", "99.0.0"}, {"PyPI", "fictional", "1.2.4"}, {"npm", "made-up", "3.0.0"},
		{"Packagist", "nobody/nothing", "2.1.0"}, {"Maven", "org.example:invented", "5.0"},
	} {
		if !slices.Contains(without, d.ecosystem) {
			pack(t, filepath.Join(dir, d.ecosystem, "all.zip"), map[string]string{"VYMIR-" + d.ecosystem + "-1.json": record("VYMIR-"+d.ecosystem+"-1", d.ecosystem, d.name, d.fixed)})
		}
	}
	return dir
}

// tree writes an installed program of every kind; the Go program is this test.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "py/lib/python3/site-packages/fictional-1.2.3.dist-info/METADATA"), "Metadata-Version: 2.1\nName: fictional\nVersion: 1.2.3\n")
	write(t, filepath.Join(dir, "js/package-lock.json"), `{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "app"}, "node_modules/made-up": {"version": "2.9.9", "resolved": "https://registry.example/made-up-2.9.9.tgz"}}}`)
	write(t, filepath.Join(dir, "php/composer.lock"), `{"packages": [{"name": "nobody/nothing", "version": "2.0.0", "dist": {"reference": "0123456789abcdef0123456789abcdef01234567"}}]}`)
	pack(t, filepath.Join(dir, "java/invented-4.1.jar"), map[string]string{"META-INF/maven/org.example/invented/pom.properties": "groupId=org.example\nartifactId=invented\nversion=4.1\n"})
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "bin/program"), string(self))
	return dir
}

// vulnerable lists the ids found, sorted.
func vulnerable(r Report) []string {
	out := []string{}
	for _, p := range r.Packages {
		for _, v := range p.Vulnerabilities {
			out = append(out, v.ID+" "+v.Fixed)
		}
	}
	slices.Sort(out)
	return out
}

var everything = []string{"VYMIR-Go-1 99.0.0", "VYMIR-Maven-1 5.0", "VYMIR-PyPI-1 1.2.4", "VYMIR-npm-1 3.0.0", "VYMIR-Packagist-1 2.1.0"}

func TestFindsInstalledPackagesOfEveryEcosystem(t *testing.T) {
	dir := tree(t)
	r := report(t, "--data", data(t), "--root", dir, "/bin", "/py", "/js", "/php", "/java", "/nowhere")
	want := slices.Sorted(slices.Values(everything))
	if diff := cmp.Diff(want, vulnerable(r)); diff != "" {
		t.Errorf("vulnerabilities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Unread{{Path: "/nowhere", Reason: "no such file or directory"}}, r.Unread); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	// What a reader of the report relies on is held in a file, which the agent's tests read.
	r.Scanner, r.StartedAt, r.DurationSeconds, r.CPUSeconds, r.PeakBytes, r.Root = "osv-scanner", time.Time{}, 1, 1, 1<<20, "/"
	r.Packages = slices.DeleteFunc(r.Packages, func(p Package) bool { return len(p.Vulnerabilities) == 0 })
	for i := range r.Packages {
		if r.Packages[i].Ecosystem == "Go" {
			r.Packages[i].Version = "0.1.0"
		}
	}
	for i := range r.Ecosystems {
		r.Ecosystems[i].Packages = 1
	}
	got, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.json"
	if *update {
		write(t, golden, string(got)+"\n")
	}
	expect, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(expect), string(got)+"\n"); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// The scanner itself answers "nothing found" for every ecosystem when the data of one are missing.
func TestMissingDataAreUnmeasuredAndSpoilNoOther(t *testing.T) {
	dir := tree(t)
	d := data(t, "npm", "Maven")
	pack(t, filepath.Join(d, "Maven/all.zip"), map[string]string{"a.json": `{"id": `, "b.json": `[]`})
	write(t, filepath.Join(d, "Packagist/all.zip"), "this is no archive")
	r := report(t, "--data", d, "--max-age-days", "30", dir)
	if diff := cmp.Diff([]string{"VYMIR-Go-1 99.0.0", "VYMIR-PyPI-1 1.2.4"}, vulnerable(r)); diff != "" {
		t.Errorf("vulnerabilities (-want +got):\n%s", diff)
	}
	got := map[string]string{}
	for _, e := range r.Ecosystems {
		got[e.Name] = e.State + " " + e.Reason
	}
	want := map[string]string{"npm": "unmeasured no data for this ecosystem", "Maven": "unmeasured the data hold no readable record", "Packagist": "unmeasured read data: zip: not a valid zip file", "Go": "ok ", "PyPI": "ok "}
	if time.Since(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)) > 30*24*time.Hour {
		want["Go"], want["PyPI"] = "unmeasured data are older than 30 days", "unmeasured data are older than 30 days"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestOldDataAreUnmeasured(t *testing.T) {
	d := t.TempDir()
	pack(t, filepath.Join(d, "npm/all.zip"), map[string]string{"a.json": strings.Replace(record("VYMIR-npm-1", "npm", "made-up", "3.0.0"), "2026-11-02", "2019-11-02", 1)})
	r := report(t, "--data", d, "--max-age-days", "30", filepath.Join(tree(t), "js"))
	if len(r.Ecosystems) != 1 || r.Ecosystems[0].State != "unmeasured" || r.Ecosystems[0].Reason != "data are older than 30 days" {
		t.Errorf("got %+v", r.Ecosystems)
	}
}

// A file beside a package must not be able to hide it: the scanner reads osv-scanner.toml and .gitignore otherwise.
func TestFilesBesidePackagesHideNothing(t *testing.T) {
	dir := tree(t)
	for _, sub := range []string{"", "js", "php", "java", "py", "bin"} {
		write(t, filepath.Join(dir, sub, "osv-scanner.toml"), "[[PackageOverrides]]\nignore = true\nreason = \"hidden\"\n")
		write(t, filepath.Join(dir, sub, ".gitignore"), "*\n")
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(everything)), vulnerable(report(t, "--data", data(t), dir))); diff != "" {
		t.Errorf("vulnerabilities (-want +got):\n%s", diff)
	}
}

// elfWithBuildInfo makes a program whose build information is what the test says.
func elfWithBuildInfo(info []byte) string {
	const header, section = 64, 64
	names := "\x00.go.buildinfo\x00.shstrtab\x00"
	data := header
	table := data + len(info) + len(names)
	var b bytes.Buffer
	b.WriteString("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	for _, v := range []any{uint16(2), uint16(62), uint32(1), uint64(0x400000), uint64(0), uint64(table), uint32(0), uint16(64), uint16(56), uint16(0), uint16(section), uint16(3), uint16(2)} {
		binary.Write(&b, binary.LittleEndian, v)
	}
	b.Write(info)
	b.WriteString(names)
	sec := func(name, kind uint32, flags, addr, off, size uint64) {
		for _, v := range []any{name, kind, flags, addr, off, size, uint32(0), uint32(0), uint64(16), uint64(0)} {
			binary.Write(&b, binary.LittleEndian, v)
		}
	}
	sec(0, 0, 0, 0, 0, 0)
	sec(1, 1, 3, 0x500000, uint64(data), uint64(len(info)))
	sec(15, 3, 0, 0, uint64(data+len(info)), uint64(len(names)))
	return b.String()
}

func TestHostileBuildInformation(t *testing.T) {
	dir := t.TempDir()
	magic := "\xff Go buildinf:"
	inline := func(version, mod string) []byte {
		head := append([]byte(magic), 8, 2)
		head = append(head, make([]byte, 16)...)
		head = append(binary.AppendUvarint(head, uint64(len(version))), version...)
		return append(binary.AppendUvarint(head, uint64(len(mod))), mod...)
	}
	huge := append(append([]byte(magic), 8, 2), make([]byte, 16)...)
	huge = binary.AppendUvarint(huge, 1<<62)
	guard := strings.Repeat("0", 16)
	loop := append([]byte(magic), 8, 0)
	loop = binary.LittleEndian.AppendUint64(loop, 0x500010) // a string header that points into itself
	loop = binary.LittleEndian.AppendUint64(loop, 0x500010)
	for name, info := range map[string][]byte{
		"length":   huge,
		"cut":      []byte(magic),
		"pointers": loop,
		"zero":     make([]byte, 4096),
		"many":     inline("go1.26.0", guard+"path\tx\nmod\tx\tv1\n"+strings.Repeat("dep\tgolang.org/x/sys\tv0.0.1\t\n", 200_000)+guard),
		"long":     inline("go1.26.0", guard+"path\tx\nmod\tx\tv1\ndep\t"+strings.Repeat("a", 16<<20)+"\tv0.0.1\t\n"+guard),
		"binary":   inline("go1.26.0", guard+"path\tx\nmod\tx\tv1\ndep\t\x00\xff\t\x1b[31m\t\n"+guard),
		"version":  inline(strings.Repeat("9", 1<<20), guard+"path\tx\nmod\tx\tv1\n"+guard),
	} {
		write(t, filepath.Join(dir, "hostile-"+name), elfWithBuildInfo(info))
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "honest"), string(self))
	r := report(t, "--data", data(t), "--memory-mib", "512", dir)
	if !slices.Contains(vulnerable(r), "VYMIR-Go-1 99.0.0") {
		t.Errorf("the honest program beside hostile ones was not read: %v", vulnerable(r))
	}
	if r.PeakBytes > 700<<20 {
		t.Errorf("took %d MiB", r.PeakBytes>>20)
	}
}

// Files that block or never end, and archives inside archives.
func TestHostileFiles(t *testing.T) {
	dir := tree(t)
	for _, name := range []string{"js/sub/package-lock.json", "java/x.jar", "bin/fifo"} {
		at := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), unix.Mkfifo(at, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("/dev/zero", filepath.Join(dir, "java/zero.jar")), os.Symlink(dir, filepath.Join(dir, "loop"))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "php/deep/composer.lock"), strings.Repeat("[", 1<<20))
	inner := filepath.Join(t.TempDir(), "0.jar")
	pack(t, inner, map[string]string{"big.jar": strings.Repeat("\x00", 80<<20)})
	bomb, err := os.ReadFile(inner)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "java/bomb.jar"), string(bomb))
	r := report(t, "--data", data(t), "--memory-mib", "256", dir)
	if diff := cmp.Diff(slices.Sorted(slices.Values(everything)), vulnerable(r)); diff != "" {
		t.Errorf("vulnerabilities (-want +got):\n%s", diff)
	}
	var said []string
	for _, u := range r.Unread {
		said = append(said, u.Path)
	}
	for _, want := range []string{"/php/deep/composer.lock", "/java/bomb.jar"} {
		if !slices.ContainsFunc(said, func(p string) bool { return strings.HasSuffix(p, want) }) {
			t.Errorf("%s is not among what could not be read: %v", want, r.Unread)
		}
	}
}

func failure(t *testing.T, stdout, stderr []byte) Failure {
	t.Helper()
	if len(stdout) > 0 {
		t.Errorf("half a report was printed: %.200s", stdout)
	}
	var f Failure
	if err := json.Unmarshal(stderr, &f); err != nil || f.Schema != Schema {
		t.Fatalf("standard error is no failure: %v: %.300s", err, stderr)
	}
	return f
}

// runtimeDied matches what the runtime says when the kernel's cap comes before the watch: it dies in one of several places.
var runtimeDied = regexp.MustCompile(`^(?:fatal error|runtime): [^\n]*(?:memory|map pages|arena)`)

func TestMemoryCap(t *testing.T) {
	d := t.TempDir()
	files := map[string]string{}
	for i := range 24 { // all about the installed package, so that the scanner keeps them
		body := strings.TrimSuffix(record(fmt.Sprintf("VYMIR-%d", i), "npm", "made-up", "3.0.0"), "}") + `, "details": "` + strings.Repeat("memory ", 1<<20) + `"}`
		files[fmt.Sprintf("%d.json", i)] = body
	}
	pack(t, filepath.Join(d, "npm/all.zip"), files)
	out, complaint, code := program(t, "--data", d, "--memory-mib", "64", filepath.Join(tree(t), "js"))
	if runtimeDied.Match(complaint) {
		if code != 2 || len(out) > 0 {
			t.Errorf("the kernel's cap: exit %d, %d bytes printed", code, len(out))
		}
		return
	}
	if f := failure(t, out, complaint); code != exitMemory || f.Code != exitMemory || f.Error != "memory cap of 64 MiB reached" {
		t.Errorf("exit %d, %+v", code, f)
	}
}

func TestTimeBudget(t *testing.T) {
	d := t.TempDir()
	body := record("VYMIR-1", "npm", "made-up", "3.0.0")
	body = strings.TrimSuffix(body, "}") + `, "references": [` + strings.TrimSuffix(strings.Repeat(`{"type":"WEB","url":"x"},`, 200_000), ",") + `]}`
	packRepeated(t, filepath.Join(d, "npm/all.zip"), strings.Replace(body, `"made-up"`, `"other"`, 1), 300) // tens of seconds of work
	out, complaint, code := program(t, "--data", d, "--time", "1s", "--memory-mib", "4096", filepath.Join(tree(t), "js"))
	if f := failure(t, out, complaint); code != exitTime || f.Error != "time budget used up" {
		t.Errorf("exit %d, %+v", code, f)
	}
}

func TestBombIsNotUnpacked(t *testing.T) {
	d := data(t, "npm")
	pack(t, filepath.Join(d, "npm/all.zip"), map[string]string{"bomb.json": strings.Repeat(" ", maxRecord+1)})
	r := report(t, "--data", d, filepath.Join(tree(t), "js"))
	if len(r.Ecosystems) != 1 || r.Ecosystems[0].State != "unmeasured" || !strings.Contains(r.Ecosystems[0].Reason, "larger than 8 MiB") {
		t.Errorf("got %+v", r.Ecosystems)
	}
}

func TestWrongUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"nothing": nil, "no-path": {"--data", "x"}, "no-data": {"/"}, "flag": {"--colour"}, "memory": {"--data", "x", "--memory-mib", "1", "/"},
		"time": {"--data", "x", "--time", "1ms", "/"}, "days": {"--data", "x", "--max-age-days", "-1", "/"},
	} {
		if out, complaint, code := program(t, args...); code != exitUsage || len(out) > 0 || len(complaint) == 0 {
			t.Errorf("%s: exit %d, printed %q, said %q", name, code, out, complaint)
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	tmp := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "--data", data(t), filepath.Join(tree(t), "js"))
	cmd.Env = append(os.Environ(), "VYMIR_OSVSCAN_RUN=1", "TMPDIR="+tmp)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func FuzzReadData(f *testing.F) {
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "all.zip")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if checkArchive(path) != nil {
			return
		}
		var e Ecosystem
		if err := (dataset{path: path}).read(&e); err == nil && e.Unreadable > e.Records {
			t.Errorf("%+v", e)
		}
	})
}
