package vulns_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/vulns"
)

func record(id, modified, ecosystem, name, fixed string) string {
	return fmt.Sprintf(`{"schema_version": "1.6.0", "id": %q, "modified": %q, "aliases": ["CVE-2026-90001"], "affected": [{"package": {"ecosystem": %q, "name": %q},
		"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": %q}]}]}]}`, id, modified, ecosystem, name, fixed)
}

const day = "2026-11-02T00:00:00Z"

// archive writes a zip; names keep their order.
func archive(t testing.TB, files ...[2]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "all.zip")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, st *store.Store, file string) vulns.Imported {
	t.Helper()
	got, err := vulns.Import(t.Context(), st, file, nil, "test", storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var counts = cmpopts.IgnoreFields(vulns.Imported{}, "Refusals")

func TestImport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		first := archive(t,
			[2]string{"DSA-1.json", record("DSA-1", day, "Debian:11", "openssh", "1:8.4p1-5+deb11u9")},
			[2]string{"DSA-2.json", record("DSA-2", day, "Debian:11", "curl", "7.74.0-1.3")},
			[2]string{"USN-1.json", record("USN-1", day, "Ubuntu:24.04:LTS", "openssh", "1:9.6p1-3ubuntu13.3")},
			[2]string{"GO-1.json", record("GO-1", "0001-01-01T00:00:00Z", "Go", "example.org/x", "1.0.0")},
			[2]string{"README.txt", "not a record"})
		if diff := cmp.Diff(vulns.Imported{Records: 4, Stored: 3, Elsewhere: 1}, load(t, st, first), counts); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(vulns.Imported{Known: true}, load(t, st, first)); diff != "" {
			t.Errorf("the same file (-want +got):\n%s", diff)
		}
		next := archive(t,
			[2]string{"DSA-1.json", record("DSA-1", day, "Debian:11", "openssh", "1:8.4p1-5+deb11u9")},
			[2]string{"DSA-2.json", record("DSA-2", "2026-11-03T00:00:00Z", "Debian:12", "curl", "7.74.0-1.4")},
			[2]string{"USN-1.json", record("USN-1", "2020-01-01T00:00:00Z", "Ubuntu:24.04:LTS", "openssh", "0")})
		if diff := cmp.Diff(vulns.Imported{Records: 3, Stored: 1, Unchanged: 1, Older: 1}, load(t, st, next), counts); diff != "" {
			t.Errorf("next (-want +got):\n%s", diff)
		}
		var names []string
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			all, err := tx.VulnReleases()
			for _, r := range all {
				names = append(names, fmt.Sprint(r.Name, " ", r.Records))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Debian:11 1", "Debian:12 1", "Ubuntu:24.04 1"}, names); diff != "" {
			t.Errorf("releases (-want +got):\n%s", diff)
		}
	})
}

// What was stored before an import was killed is not done again, and the rest is.
func TestImportGoesOnWhereItWasInterrupted(t *testing.T) {
	st := storetest.New(t)
	var files [][2]string
	for i := range 1700 {
		id := fmt.Sprintf("DSA-%d", i)
		files = append(files, [2]string{id + ".json", record(id, day, "Debian:11", "pkg", fmt.Sprint(i+1))})
	}
	file := archive(t, files...)
	ctx, kill := context.WithCancel(t.Context())
	_, err := vulns.Import(ctx, st, file, func(done, _ int) {
		if done == 1200 {
			kill()
		}
	}, "test", storetest.Now)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	got := load(t, st, file)
	if got.Known || got.Unchanged < 1000 || got.Stored+got.Unchanged != 1700 || got.Refused != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestRefusedRecordsAreNamedAndSpoilNoOther(t *testing.T) {
	st := storetest.New(t)
	long := strings.Repeat("9", 500)
	got := load(t, st, archive(t,
		[2]string{"DSA-1.json", record("DSA-1", day, "Debian:11", "good", "1")},
		[2]string{"DSA-2.json", record("DSA-3", day, "Debian:11", "named-otherwise", "1")},
		[2]string{"DSA-4.json", record("DSA-4", day, "Debian:11", "absurd", long)},
		[2]string{"DSA-5.json", `{"id": "DSA-5"`},
		[2]string{"DSA-6.json", strings.Replace(record("DSA-6", day, "Debian:11", "many", "1"), `{"introduced": "0"}`, strings.TrimSuffix(strings.Repeat(`{"introduced": "0"},`, 5000), ","), 1)},
		[2]string{"DSA-7.json", strings.Repeat("[", 1<<20)},
		[2]string{"DSA-8.json", record("DSA-8", "0001-01-01T00:00:00Z", "Debian:11", "dateless", "1")}))
	if got.Stored != 1 || got.Refused != 6 || len(got.Refusals) != 6 {
		t.Fatalf("got %+v", got)
	}
	for _, r := range got.Refusals {
		if r.Name == "" || r.Why == "" || len(r.Why) > 400 {
			t.Errorf("refusal %q: %q", r.Name, r.Why)
		}
	}
}

// claims writes an archive whose directory names n members of so many bytes each, all of which are the same few.
func claims(t *testing.T, name string, n int, bytesEach uint32) string {
	t.Helper()
	var b bytes.Buffer
	put := func(v ...any) {
		for _, x := range v {
			if err := binary.Write(&b, binary.LittleEndian, x); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.WriteString("PK\x03\x04")
	put(uint16(20), uint16(0), uint16(8), uint32(0), uint32(0), uint32(2), bytesEach, uint16(len(name)), uint16(0))
	b.WriteString(name + "\x03\x00")
	start := b.Len()
	b.WriteString("PK\x01\x02")
	put(uint16(20), uint16(20), uint16(0), uint16(8), uint32(0), uint32(0), uint32(2), bytesEach, uint16(len(name)), uint16(0), uint16(0), uint16(0), uint16(0), uint32(0), uint32(0))
	b.WriteString(name)
	entry := bytes.Clone(b.Bytes()[start:])
	for range n - 1 {
		b.Write(entry)
	}
	size := uint64(b.Len() - start)
	end := uint64(b.Len())
	b.WriteString("PK\x06\x06")
	put(uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), uint64(n), uint64(n), size, uint64(start))
	b.WriteString("PK\x06\x07")
	put(uint32(0), end, uint32(1))
	b.WriteString("PK\x05\x06")
	put(uint16(0), uint16(0), uint16(0xffff), uint16(0xffff), uint32(0xffffffff), uint32(0xffffffff), uint16(0))
	path := filepath.Join(t.TempDir(), "all.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHostileArchives(t *testing.T) {
	st := storetest.New(t)
	good := record("DSA-1", day, "Debian:11", "good", "1")
	whole, err := os.ReadFile(archive(t, [2]string{"DSA-1.json", good}))
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) string {
		path := filepath.Join(t.TempDir(), "all.zip")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(t.TempDir(), "all.zip")
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	huge := write(nil)
	if err := os.Truncate(huge, 4<<30+1); err != nil { // a hole: it takes no room
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"huge":                  huge,
		"many-huge":             claims(t, "DSA-1.json", 1025, 16<<20),
		"directory-without-end": claims(t, strings.Repeat("n", 60_000), 1700, 0),
		"traversal":             archive(t, [2]string{"../../etc/DSA-1.json", good}),
		"absolute":              archive(t, [2]string{"/etc/DSA-1.json", good}),
		"backslash":             archive(t, [2]string{`..\DSA-1.json`, good}),
		"bomb":                  archive(t, [2]string{"DSA-1.json", strings.Repeat(" ", 17<<20)}),
		"empty":                 archive(t),
		"no-record":             archive(t, [2]string{"a.txt", "x"}),
		"truncated":             write(whole[:len(whole)-30]),
		"no-zip":                write([]byte("hello")),
		"device":                link,
		"directory":             t.TempDir(),
	} {
		if _, err := vulns.Import(t.Context(), st, file, nil, "test", storetest.Now); !errors.Is(err, vulns.ErrArchive) {
			t.Errorf("%s: got %v, want ErrArchive", name, err)
		}
	}
	// A member that holds more than the directory says, and one that was changed: refused when read.
	lie := bytes.Replace(whole, []byte(`"good"`), []byte(`"evil"`), 1)
	if i := bytes.Index(whole, []byte("PK\x01\x02")); i > 0 {
		lie = bytes.Clone(whole)
		lie[i+24], lie[i+25] = 5, 0
	}
	if got := load(t, st, write(lie)); got.Stored != 0 || got.Refused != 1 {
		t.Errorf("lying directory: got %+v", got)
	}
}

const kevText = `{"title": "Catalog", "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T15:00:00.0000Z", "count": 2, "vulnerabilities": [
	{"cveID": "CVE-2026-90001", "vendorProject": "Nobody", "product": "Nothing", "vulnerabilityName": "x", "dateAdded": "2026-11-10", "shortDescription": "x",
	 "requiredAction": "x", "dueDate": "2026-12-01", "knownRansomwareCampaignUse": "Known", "notes": "", "cwes": ["CWE-79"]},
	{"cveID": "CVE-2026-90002", "dateAdded": "2026-11-11", "knownRansomwareCampaignUse": "Unknown"}]}`

const epssText = "#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2026-90001,0.97321,0.99998\nCVE-2026-90003,0.00043,0.08\n"

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFeeds(t *testing.T) {
	k, err := vulns.ParseKEV(strings.NewReader(kevText))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]vulnindex.KEV{
		"CVE-2026-90001": {Added: time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC), Ransomware: true},
		"CVE-2026-90002": {Added: time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(want, k.Entries); diff != "" {
		t.Errorf("kev (-want +got):\n%s", diff)
	}
	for name, data := range map[string][]byte{"plain": []byte(epssText), "gzip": packed(t, epssText), "crlf": packed(t, strings.ReplaceAll(epssText, "\n", "\r\n"))} {
		e, err := vulns.ParseEPSS(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(map[string]float64{"CVE-2026-90001": 0.97321, "CVE-2026-90003": 0.00043}, e.Scores); diff != "" || e.AsOf.Format(time.DateOnly) != "2026-11-20" {
			t.Errorf("%s: of %s (-want +got):\n%s", name, e.AsOf, diff)
		}
	}
}

func TestFeedsThatAreNotTaken(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := t.Context()
		if _, err := vulns.ImportKEV(ctx, st, strings.NewReader(kevText), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		if _, err := vulns.ImportEPSS(ctx, st, strings.NewReader(epssText), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		gz := packed(t, epssText)
		for name, c := range map[string]struct {
			kev  bool
			text string
			want error
		}{
			"kev-cut":      {true, kevText[:len(kevText)-40], vulns.ErrFeed},
			"kev-count":    {true, strings.Replace(kevText, `"count": 2`, `"count": 3`, 1), vulns.ErrFeed},
			"kev-no-count": {true, strings.Replace(kevText, `"count": 2,`, ``, 1), vulns.ErrFeed},
			"kev-id":       {true, strings.Replace(kevText, "CVE-2026-90002", "CVE-x", 1), vulns.ErrFeed},
			"kev-date":     {true, strings.Replace(kevText, "2026-11-11", "yesterday", 1), vulns.ErrFeed},
			"kev-undated":  {true, strings.Replace(kevText, "dateReleased", "released", 1), vulns.ErrFeed},
			"kev-older":    {true, strings.Replace(kevText, "2026-11-20T15", "2026-11-19T15", 1), store.ErrOlder},
			"epss-html":    {false, "<html>sign in</html>", vulns.ErrFeed},
			"epss-header":  {false, strings.Replace(epssText, "cve,epss,percentile", "cve;epss", 1), vulns.ErrFeed},
			"epss-score":   {false, strings.Replace(epssText, "0.97321", "1.97321", 1), vulns.ErrFeed},
			"epss-nan":     {false, strings.Replace(epssText, "0.97321", "NaN", 1), vulns.ErrFeed},
			"epss-empty":   {false, strings.Join(strings.SplitAfter(epssText, "\n")[:2], ""), vulns.ErrFeed},
			"epss-cut":     {false, string(gz[:len(gz)-9]), vulns.ErrFeed},
			"epss-long":    {false, epssText + strings.Repeat("x", 1000), vulns.ErrFeed},
			"epss-bomb":    {false, string(gz) + strings.Repeat(string(packed(t, strings.Repeat("CVE-2026-90001,0.5,0.5\n", 100_000))), 130), vulns.ErrFeed},
			"epss-older":   {false, strings.Replace(epssText, "2026-11-20", "2026-11-19", 1), store.ErrOlder},
		} {
			var err error
			if c.kev {
				_, err = vulns.ImportKEV(ctx, st, strings.NewReader(c.text), "test", storetest.Now)
			} else {
				_, err = vulns.ImportEPSS(ctx, st, strings.NewReader(c.text), "test", storetest.Now)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		var left []string
		if err := st.View(ctx, func(tx *store.Tx) error {
			all, err := tx.Feeds()
			for _, f := range all {
				left = append(left, fmt.Sprint(f.Kind, " ", f.Entries, " ", f.AsOf.Format(time.DateOnly)))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"epss 2 2026-11-20", "kev 2 2026-11-20"}, left); diff != "" {
			t.Errorf("the last good ones (-want +got):\n%s", diff)
		}
	})
}

func TestBuild(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		ctx := t.Context()
		public, private, err := minisign.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		plan := vulns.Plan{Key: private, Life: 90 * 24 * time.Hour, By: "test"}
		if err := vulns.Build(ctx, st, plan, storetest.Now, nil); err == nil {
			t.Fatal("built from nothing")
		}
		load(t, st, archive(t,
			[2]string{"DSA-1.json", record("DSA-1", day, "Debian:11", "openssh", "1:8.4p1-5+deb11u9")},
			[2]string{"USN-1.json", record("USN-1", day, "Ubuntu:24.04:LTS", "openssh", "1:9.6p1-3ubuntu13.3")}))
		if err := dispatch.Trust(ctx, st, public.String(), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		build := func(now time.Time) map[string]vulns.Built {
			t.Helper()
			got := map[string]vulns.Built{}
			if err := vulns.Build(ctx, st, plan, now, func(b vulns.Built) error {
				got[b.Meta.Ecosystem] = b
				if len(b.Content) == 0 {
					return nil
				}
				_, err := dispatch.PublishVulns(ctx, st, b.Content, "test", now)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return got
		}
		first := build(storetest.Now)
		if len(first) != 2 || first["Debian:11"].Meta.Records != 1 || first["Ubuntu:24.04"].Meta.Revision != 1 {
			t.Fatalf("got %+v", first)
		}
		if got := build(storetest.Now.Add(time.Hour)); len(got["Debian:11"].Content) > 0 {
			t.Error("built again though nothing changed")
		}
		if _, err := vulns.ImportKEV(ctx, st, strings.NewReader(kevText), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		if _, err := vulns.ImportEPSS(ctx, st, strings.NewReader(epssText), "test", storetest.Now); err != nil {
			t.Fatal(err)
		}
		next := build(storetest.Now.Add(2 * time.Hour))["Debian:11"]
		if next.Meta.Revision != 2 {
			t.Fatalf("got %+v", next.Meta)
		}
		x, err := vulnindex.Open(next.Content, public)
		if err != nil {
			t.Fatal(err)
		}
		result, err := x.Match([]vulnindex.Package{{Name: "openssh-server", Version: "1:8.4p1-5+deb11u1", Source: "openssh"}, {Name: "openssh-client", Version: "1:8.4p1-5+deb11u9", Source: "openssh"}})
		found := result.Matches
		if err != nil || len(found) != 1 || found[0].Package != 0 {
			t.Fatalf("got %+v, %v", found, err)
		}
		th := found[0].Record.Threat
		if th.Exploited.Format(time.DateOnly) != "2026-11-10" || !th.Ransomware || th.EPSS != 0.9 {
			t.Errorf("threat %+v", th)
		}
	})
}

// One truth: the dates in an index are those that the control of supported releases judges by.
func TestEndsOfLifeAreThoseOfTheControl(t *testing.T) {
	b, err := policies.BuiltInBundle(storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b.Modules["baseline/updates/supported_release/supported_release.rego"])
	_, text, ok := strings.Cut(text, "\nends := {")
	text, _, found := strings.Cut(text, "\n}\n")
	if !ok || !found {
		t.Fatal("the control holds no table named ends")
	}
	want := map[string]string{}
	form := map[string]string{"debian": "Debian:", "ubuntu": "Ubuntu:", "almalinux": "AlmaLinux:", "rocky": "Rocky Linux:", "alpine": "Alpine:v"}
	for _, d := range regexp.MustCompile(`(?s)"([a-z]+)": \{(.*?)\}`).FindAllStringSubmatch(text, -1) {
		for _, r := range regexp.MustCompile(`"([\d.]+)": "(\d{4}-\d\d-\d\d)"`).FindAllStringSubmatch(d[2], -1) {
			if prefix := form[d[1]]; prefix != "" {
				want[prefix+r[1]] = r[2]
			}
		}
	}
	if diff := cmp.Diff(want, vulns.Ends); diff != "" {
		t.Errorf("ends of life (-control +index):\n%s", diff)
	}
}

// Real records as they are published: a few of each distribution at hand, and all of them where VYMIR_TEST_OSV names a folder with
// <Ecosystem>/all.zip.
func TestRealArchives(t *testing.T) {
	dir := os.Getenv("VYMIR_TEST_OSV")
	if dir == "" {
		t.Skip("needs OSV archives: set VYMIR_TEST_OSV to a folder with <Ecosystem>/all.zip")
	}
	st := storetest.New(t)
	files, err := filepath.Glob(filepath.Join(dir, "*", "all.zip"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	for _, f := range files {
		got := load(t, st, f)
		t.Logf("%s: %+v", f, got)
		if got.Refused > 0 {
			t.Errorf("%s: refused %d: %v", f, got.Refused, got.Refusals)
		}
	}
}

func FuzzParseKEV(f *testing.F) {
	f.Add([]byte(kevText))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := vulns.ParseKEV(bytes.NewReader(b)); err == nil && (len(k.Entries) == 0 || k.AsOf.IsZero()) {
			t.Errorf("took %+v", k)
		}
	})
}

func FuzzParseEPSS(f *testing.F) {
	f.Add([]byte(epssText))
	f.Add(packed(f, epssText))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := vulns.ParseEPSS(bytes.NewReader(b))
		if err != nil {
			return
		}
		for cve, s := range e.Scores {
			if !(s >= 0 && s <= 1) || !strings.HasPrefix(cve, "CVE-") {
				t.Errorf("took %q %g", cve, s)
			}
		}
	})
}

func FuzzImport(f *testing.F) {
	whole, err := os.ReadFile(archive(f, [2]string{"DSA-1.json", record("DSA-1", day, "Debian:11", "good", "1")}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	st := storetest.New(f)
	file := filepath.Join(f.TempDir(), "all.zip")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := vulns.Import(t.Context(), st, file, nil, "fuzz", storetest.Now)
		if err == nil && !got.Known && got.Stored+got.Unchanged+got.Elsewhere+got.Older+got.Refused != got.Records {
			t.Errorf("lost count: %+v", got)
		}
	})
}
