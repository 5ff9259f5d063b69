package vulns_test

import (
	"archive/zip"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/vulns"
)

// generate writes an archive of n records; each gives its text.
func generate(t *testing.T, n int, text func(i int) (id, record string)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "all.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for i := range n {
		id, record := text(i)
		w, err := z.Create(id + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the largest resident set since the last reset, in MiB.
func peak(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// What docs/performance.md says of importing and building: VYMIR_SCALE=1 go test -run TestScale -v ./server/internal/vulns.
func TestScale(t *testing.T) {
	if os.Getenv("VYMIR_SCALE") == "" {
		t.Skip("takes minutes: set VYMIR_SCALE=1")
	}
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	debian := func(day, changed int) func(int) (string, string) {
		return func(i int) (string, string) {
			id := fmt.Sprintf("DEBIAN-CVE-2024-%d", 10000+i)
			fixed, modified := fmt.Sprintf("%d.%d-1+deb12u%d", i%9+1, i%50, i%7), 1
			if i%1000 < changed {
				fixed, modified = fixed+".1", day
			}
			return id, fmt.Sprintf(`{"schema_version":"1.6.0","id":%q,"modified":"2026-11-%02dT00:00:00Z","upstream":["CVE-2024-%d"],"details":%q,"affected":[%s]}`, id, modified, 10000+i, strings.Repeat("what happened and why it matters, at some length. ", 30),
				fmt.Sprintf(`{"package":{"ecosystem":"Debian:12","name":"source-%d"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":%q}]}],"ecosystem_specific":{"urgency":"medium"}},{"package":{"ecosystem":"Debian:13","name":"source-%d"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":%q}]}]}`, i%3000, fixed, i%3000, fixed))
		}
	}
	// Up to half a megabyte: every kernel flavour lists every version before its fix, which many records share.
	var listed [60][]string
	for flavour := range listed {
		for v := range 400 {
			listed[flavour] = append(listed[flavour], fmt.Sprintf(`"6.8.0-%d.%d"`, 1000+v, 100*flavour+v%90))
		}
	}
	kernel := func(day, changed int) func(int) (string, string) {
		return func(i int) (string, string) {
			id, modified := fmt.Sprintf("UBUNTU-CVE-2025-%d", 20000+i), 1
			fixed := 1150 + i%250
			if i%100 < changed {
				fixed, modified = fixed+1, day
			}
			var affected strings.Builder
			for flavour := range listed {
				if flavour > 0 {
					affected.WriteByte(',')
				}
				fmt.Fprintf(&affected, `{"package":{"ecosystem":"Ubuntu:24.04:LTS","name":"linux-flavour-%d"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"6.8.0-%d.%d"}]}],"versions":[%s]}`, flavour, fixed, 100*flavour, strings.Join(listed[flavour][:min(fixed-1000, 400)], ","))
			}
			return id, fmt.Sprintf(`{"schema_version":"1.6.0","id":%q,"modified":"2026-11-%02dT00:00:00Z","upstream":["CVE-2025-%d"],"affected":[%s]}`, id, modified, 20000+i, affected.String())
		}
	}
	st := storetest.New(t)
	step := func(name string, f func()) {
		debug.FreeOSMemory()
		peak(t)
		c, w := cpu(t), time.Now()
		f()
		t.Logf("%-46s %6.1f CPU-s %6.1f s, peak %s", name, (cpu(t) - c).Seconds(), time.Since(w).Seconds(), peak(t))
	}
	first, next := generate(t, 50_000, debian(1, 0)), generate(t, 50_000, debian(2, 3))
	ubuntu, ubuntuNext := generate(t, 500, kernel(1, 0)), generate(t, 500, kernel(2, 1))
	for _, f := range []string{first, ubuntu} {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d KB packed", filepath.Base(filepath.Dir(f)), info.Size()>>10)
	}
	built := map[string][]byte{}
	build := func(now time.Time) {
		if err := vulns.Build(t.Context(), st, vulns.Plan{Key: private, Life: time.Hour * 24 * 90, By: "test"}, now, func(b vulns.Built) error {
			if len(b.Content) > 0 {
				built[fmt.Sprint(b.Meta.Ecosystem, " ", b.Meta.Revision)] = b.Content
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	step("import 50,000 records, Debian-shaped", func() { t.Logf("%+v", load(t, st, first)) })
	step("import 500 kernel records of half a megabyte", func() { t.Logf("%+v", load(t, st, ubuntu)) })
	step("build three indexes", func() { build(storetest.Now) })
	step("import the next day, 3 in 1,000 changed", func() { t.Logf("%+v", load(t, st, next)) })
	step("import the next day of kernel records, 1 in 100 changed", func() { t.Logf("%+v", load(t, st, ubuntuNext)) })
	step("build what changed", func() { build(storetest.Now.Add(24 * time.Hour)) })
	if err := dispatch.Trust(t.Context(), st, public.String(), "test", storetest.Now); err != nil {
		t.Fatal(err)
	}
	var last *vulnindex.Index
	for _, release := range []string{"Debian:12", "Ubuntu:24.04"} {
		var opened [2]*vulnindex.Index
		for i := range opened {
			if opened[i], err = vulnindex.Open(built[fmt.Sprint(release, " ", i+1)], public); err != nil {
				t.Fatal(err)
			}
		}
		var delta []byte
		step("make the delta of "+release, func() {
			if delta, err = vulnindex.Delta(opened[0], opened[1]); err != nil {
				t.Fatal(err)
			}
		})
		step("apply it", func() {
			if _, err = vulnindex.Apply(opened[0], delta, public); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: index %d bytes, delta of the day %d bytes", release, len(built[release+" 1"]), len(delta))
		step("publish two revisions", func() {
			for i := range 2 {
				if _, err := dispatch.Publish(t.Context(), st, built[fmt.Sprint(release, " ", i+1)], "", "test", storetest.Now); err != nil {
					t.Fatal(err)
				}
			}
		})
		if release == "Debian:12" {
			last = opened[1]
		}
	}
	var packages []vulnindex.Package
	for i := range 943 {
		packages = append(packages, vulnindex.Package{Name: fmt.Sprintf("source-%d", i), Version: fmt.Sprintf("%d.%d-1", i%9+1, i%50)})
	}
	step("match 943 packages against Debian:12", func() {
		got, err := last.Match(packages)
		t.Logf("%d matches, %v", len(got.Matches), err)
	})
	var size int64
	if info, err := os.Stat(st.Path()); err == nil {
		size = info.Size()
	}
	t.Logf("database %d MB", size>>20)
	if err := st.View(t.Context(), func(tx *store.Tx) error { _, err := tx.VulnReleases(); return err }); err != nil {
		t.Fatal(err)
	}
}
