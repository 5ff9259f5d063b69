package vulnindex_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/collector/vulnindex"
)

// debianShaped is an index in the shape of Debian's, of records over 3,500 sources, and the 1,024 packages of a host.
func debianShaped(tb testing.TB, records int) (file []byte, key minisign.PublicKey, packages []vulnindex.Package) {
	tb.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: "Debian:12"})
	if err != nil {
		tb.Fatal(err)
	}
	epss := map[string]float64{}
	for i := range records {
		cve := fmt.Sprintf("CVE-2024-%d", 10_000+i)
		epss[cve] = float64(i%100) / 100
		if err := b.Add(fmt.Appendf(nil, `{"id": "DEBIAN-%s", "modified": "2026-11-01T00:00:00Z", "published": "2026-10-01T00:00:00Z", "upstream": [%q],
			"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
			"affected": [{"package": {"ecosystem": "Debian:12", "name": "source-%d"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "%d.%d-1+deb12u%d"}]}]}]}`,
			cve, cve, i%3500, i%9+1, i%50, i%7)); err != nil {
			tb.Fatal(err)
		}
	}
	b.SetEPSS(epss, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	var out bytes.Buffer
	if _, err := b.Write(&out, vulnindex.Edition{Revision: 1, Created: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}, private); err != nil {
		tb.Fatal(err)
	}
	for i := range 1024 {
		source := fmt.Sprintf("source-%d", i*3)
		packages = append(packages, vulnindex.Package{Name: fmt.Sprintf("package-%d", i), Version: fmt.Sprintf("1:%d.%d-1", i%9+1, i%50), Source: source, SourceVersion: fmt.Sprintf("%d.%d-1", i%9+1, i%50)})
	}
	return out.Bytes(), public, packages
}

func cpuSeconds(tb testing.TB) float64 {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkMatch is a whole match on a host: the index read, verified and matched. kept is what it would cost to remember the result and read
// it again while neither packages nor index change.
func BenchmarkMatch(b *testing.B) {
	file, key, packages := debianShaped(b, 50_000)
	var result vulnindex.Result
	b.Run("match", func(b *testing.B) {
		runtime.GC()
		b.ReportAllocs()
		before := cpuSeconds(b)
		for b.Loop() {
			x, err := vulnindex.Open(file, key)
			if err != nil {
				b.Fatal(err)
			}
			if result, err = x.Match(packages); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((cpuSeconds(b)-before)/float64(b.N), "cpu-s/op")
		b.ReportMetric(float64(len(result.Matches)), "matches")
		b.ReportMetric(float64(len(file)), "index-bytes")
	})
	b.Run("kept", func(b *testing.B) {
		kept, err := json.Marshal(result)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		before := cpuSeconds(b)
		for b.Loop() {
			var again vulnindex.Result
			if err := json.Unmarshal(kept, &again); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((cpuSeconds(b)-before)/float64(b.N), "cpu-s/op")
		b.ReportMetric(float64(len(kept)), "kept-bytes")
	})
}

// A match takes little memory, counted over the whole of it: one block is held at a time, not the index. At 50,000 records it is 19 MiB.
func TestMatchAllocatesLittle(t *testing.T) {
	file, key, packages := debianShaped(t, 10_000)
	x, err := vulnindex.Open(file, key)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	result, err := x.Match(packages)
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 12<<20 || len(result.Matches) < 1000 {
		t.Errorf("%d matches took %d KiB in all", len(result.Matches), n>>10)
	}
}
