package vulnindex

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"
)

// records are OSV records as published: Debian's security tracker (advisories of Debian 11 to 2023-04, converted to OSV) and
// AlmaLinux/osv-database (2026-08), cut to some packages, texts and links left out.
//
//go:embed testdata/records.jsonl
var published string

var today = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func keys(t testing.TB) (minisign.PublicKey, minisign.PrivateKey) {
	t.Helper()
	pub, priv, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pub, priv
}

// build makes and opens an index of the records, one per line.
func build(t testing.TB, ecosystem, records string, change ...func(*Builder)) *Index {
	t.Helper()
	pub, priv := keys(t)
	return edition(t, 1, pub, priv, ecosystem, records, change...)
}

func edition(t testing.TB, revision uint64, pub minisign.PublicKey, priv minisign.PrivateKey, ecosystem, records string, change ...func(*Builder)) *Index {
	t.Helper()
	b, err := NewBuilder(Release{Ecosystem: ecosystem})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(records) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := b.Add([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range change {
		f(b)
	}
	var out bytes.Buffer
	if _, err := b.Write(&out, Edition{Revision: revision, Created: today}, priv); err != nil {
		t.Fatal(err)
	}
	x, err := Open(out.Bytes(), pub)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// ids gives "package record fixed" of every match.
func ids(t testing.TB, x *Index, packages ...Package) []string {
	t.Helper()
	r, err := x.Match(packages)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, m := range r.Matches {
		out = append(out, strings.TrimSpace(packages[m.Package].Name+" "+m.Record.ID+" "+m.Fixed))
	}
	return out
}

// rec is a record of one package; events are "introduced,fixed" pairs, "0," meaning not fixed.
func rec(id, ecosystem, name string, events ...string) string {
	var list []string
	for _, e := range events {
		from, to, _ := strings.Cut(e, ",")
		list = append(list, fmt.Sprintf(`{"introduced":%q}`, from))
		if to != "" {
			list = append(list, fmt.Sprintf(`{"fixed":%q}`, to))
		}
	}
	return fmt.Sprintf(`{"id":%q,"modified":"2026-11-01T00:00:00Z","published":"2026-10-01T00:00:00Z","affected":[{"package":{"ecosystem":%q,"name":%q},"ranges":[{"type":"ECOSYSTEM","events":[%s]}]}]}`,
		id, ecosystem, name, strings.Join(list, ",")) + "\n"
}

func TestPublishedRecords(t *testing.T) {
	x := build(t, "Debian:11", published)
	got := ids(t, x,
		Package{Name: "openssl", Version: "1.1.1n-0+deb11u3"},
		Package{Name: "libssl1.1", Version: "1.1.1n-0+deb11u4", Source: "openssl"},
		Package{Name: "zlib1g", Version: "1:1.2.11.dfsg-2", Source: "zlib"},
		Package{Name: "expat", Version: "2.2.10-2+deb11u5"},
		Package{Name: "unheard-of", Version: "1"},
	)
	want := []string{
		"openssl DSA-5343-1 1.1.1n-0+deb11u4",
		"zlib1g DSA-5111-1 1:1.2.11.dfsg-2+deb11u1",
		"zlib1g DSA-5218-1 1:1.2.11.dfsg-2+deb11u2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
	if m := x.Meta(); m.Records != 28 || m.Newest.Year() != 2023 || m.Ecosystem != "Debian:11" {
		t.Errorf("meta: %+v", m)
	}
}

// The source's version decides: the binaries of util-linux have epochs that their source does not have, and those of lvm2 have
// a version of their own.
func TestSourceVersionDecides(t *testing.T) {
	x := build(t, "Debian:12", rec("DSA-1-1", "Debian:12", "util-linux", "0,2.38.1-5+deb12u1")+rec("DSA-2-1", "Debian:12", "lvm2", "0,2.03.16-2+deb12u1")+
		rec("DSA-3-1", "Debian:12", "linux", "0,6.1.200-1"))
	got := ids(t, x,
		Package{Name: "util-linux", Version: "2.38.1-5"},
		Package{Name: "bsdutils", Version: "1:2.38.1-5", Source: "util-linux", SourceVersion: "2.38.1-5"},
		Package{Name: "bsdutils", Version: "1:2.38.1-5+deb12u1", Source: "util-linux", SourceVersion: "2.38.1-5+deb12u1"},
		Package{Name: "libdevmapper1.02.1", Version: "2:1.02.185-2", Source: "lvm2", SourceVersion: "2.03.16-2"},
		Package{Name: "bpftool", Version: "7.1.0+6.1.192-1", Source: "linux", SourceVersion: "6.1.192-1"},
		Package{Name: "libc6", Version: "2.36-9+deb12u9+b1", Source: "glibc", SourceVersion: "2.36-9+deb12u9"},
	)
	want := []string{
		"util-linux DSA-1-1 2.38.1-5+deb12u1", "bsdutils DSA-1-1 2.38.1-5+deb12u1",
		"libdevmapper1.02.1 DSA-2-1 2.03.16-2+deb12u1", "bpftool DSA-3-1 6.1.200-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
}

func TestSignedKernelIsTheKernel(t *testing.T) {
	for _, tc := range []struct{ name, version, wantName, wantVersion string }{
		{"linux-signed-amd64", "5.10.178+3", "linux", "5.10.178-3"},
		{"linux-signed-arm64", "6.1.27+1~bpo11+1", "linux", "6.1.27-1~bpo11+1"},
		{"linux-signed-5.10-amd64", "5.10.178+3~deb10u1", "linux-5.10", "5.10.178-3~deb10u1"},
		{"linux-signed", "6.8.0-40.40", "linux", "6.8.0-40.40"},
		{"linux-signed-hwe-6.8", "6.8.0-40.40~22.04.3", "linux-hwe-6.8", "6.8.0-40.40~22.04.3"},
		{"linux-signed-aws", "6.8.0-1012.13", "linux-aws", "6.8.0-1012.13"},
		{"grub-efi-amd64-signed", "1+2.06+13+deb12u2", "grub2", "2.06-13+deb12u2"},
		{"grub2-signed", "1.202.2+2.12-1ubuntu7.1", "grub2", "2.12-1ubuntu7.1"},
		{"linux-meta", "6.8.0.40.40", "linux-meta", "6.8.0.40.40"},
		{"shim-signed", "1.51~1+deb12u1", "shim-signed", "1.51~1+deb12u1"},
	} {
		if name, version := unsignedSource(tc.name, tc.version); name != tc.wantName || version != tc.wantVersion {
			t.Errorf("%s %s: got %s %s, want %s %s", tc.name, tc.version, name, version, tc.wantName, tc.wantVersion)
		}
	}
	x := build(t, "Debian:11", published)
	got := ids(t, x, Package{Name: "linux-image-5.10.0-20-amd64", Version: "5.10.158-2", Source: "linux-signed-amd64", SourceVersion: "5.10.158+2"},
		Package{Name: "linux-image-5.10.0-21-amd64", Version: "5.10.162-1", Source: "linux-signed-amd64", SourceVersion: "5.10.162+1"})
	if diff := cmp.Diff([]string{"linux-image-5.10.0-20-amd64 DSA-5324-1 5.10.162-1"}, got); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
}

// Records made by hand in the form of Ubuntu's OSV export: no current one is at hand. They name long-term releases with :LTS, and what is
// mended for paying subscribers only with :Pro:, which is another release.
func TestUbuntuNames(t *testing.T) {
	records := rec("UBUNTU-CVE-2024-6387", "Ubuntu:24.04:LTS", "openssh", "0,1:9.6p1-3ubuntu13.3") +
		rec("UBUNTU-CVE-2024-9999", "Ubuntu:Pro:24.04:LTS", "openssh", "0,1:9.6p1-3ubuntu13.9+esm1") +
		rec("UBUNTU-CVE-2024-1111", "Ubuntu:22.04:LTS", "openssh", "0,1:9.9p1-1")
	host := []Package{
		{Name: "openssh-server", Version: "1:9.6p1-3ubuntu13", Source: "openssh"},
		{Name: "openssh-client", Version: "1:9.6p1-3ubuntu13.3", Source: "openssh"},
	}
	for _, name := range []string{"Ubuntu:24.04", "Ubuntu:24.04:LTS"} {
		got := ids(t, build(t, name, records), host...)
		if diff := cmp.Diff([]string{"openssh-server UBUNTU-CVE-2024-6387 1:9.6p1-3ubuntu13.3"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if err := Accept(Meta{}, build(t, "Ubuntu:24.04:LTS", records).Meta(), "Ubuntu:24.04", today); err != nil {
		t.Error(err)
	}
}

func TestRanges(t *testing.T) {
	record := func(body string) string {
		return `{"id":"X-1","modified":"2026-11-01T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"p"},` + body + `}]}` + "\n"
	}
	events := func(list string) string { return record(`"ranges":[{"type":"ECOSYSTEM","events":[` + list + `]}]`) }
	for _, tc := range []struct {
		name, record       string
		affected, unharmed []string
	}{
		{"tilde-is-older", events(`{"introduced":"0"},{"fixed":"1.0-1"}`), []string{"1.0~rc1-1", "1.0-1~bpo12+1", "0.9"}, []string{"1.0-1", "1.0-1+b1", "1.0-2"}},
		{"epoch-beats-all", events(`{"introduced":"0"},{"fixed":"1:1.0-1"}`), []string{"9.0-1", "0:9.0", "1:0.9"}, []string{"1:1.0-1", "2:0.1"}},
		{"backport", events(`{"introduced":"0"},{"fixed":"7.88.1-10+deb12u5"}`), []string{"7.88.1-10+deb12u4", "7.88.1-10"}, []string{"7.88.1-10+deb12u5", "7.88.1-10+deb12u12", "8.0-1"}},
		{"never-fixed", events(`{"introduced":"0"}`), []string{"1", "99:99"}, nil},
		{"two-ranges", events(`{"introduced":"2.0"},{"fixed":"2.5"},{"introduced":"0"},{"fixed":"1.5"}`), []string{"1.4", "2.0", "2.4"}, []string{"1.5", "1.9", "2.5"}},
		{"last-affected", events(`{"introduced":"1"},{"last_affected":"2"}`), []string{"1", "1.5", "2"}, []string{"0.9", "2.1"}},
		{"upside-down", events(`{"introduced":"5"},{"fixed":"1"}`), []string{"5", "6"}, []string{"0.5", "1", "4"}},
		{"versions-only", record(`"versions":["1.0-1","1.0-2"]`), []string{"1.0-1", "1.0-2"}, []string{"1.0", "1.0-3"}},
		{"versions-beside-range", record(`"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1"}]}],"versions":["0.5","3"]`), []string{"0.5", "0.7", "3"}, []string{"1", "2"}},
		{"git-range-says-nothing", record(`"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]`), nil, []string{"1"}},
		{"withdrawn", strings.Replace(events(`{"introduced":"0"}`), `"id"`, `"withdrawn":"2026-11-02T00:00:00Z","id"`, 1), nil, []string{"1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := build(t, "Debian:12", tc.record)
			for _, v := range tc.affected {
				if len(ids(t, x, Package{Name: "p", Version: v})) != 1 {
					t.Errorf("%s: not affected", v)
				}
			}
			for _, v := range tc.unharmed {
				if len(ids(t, x, Package{Name: "p", Version: v})) != 0 {
					t.Errorf("%s: affected", v)
				}
			}
		})
	}
}

// AlmaLinux names binary packages; a fix of a module is none of the package beside the module.
func TestRPM(t *testing.T) {
	x := build(t, "AlmaLinux:9", published)
	got := ids(t, x,
		Package{Name: "bind", Version: "32:9.16.23-40.el9_8.7"},
		Package{Name: "curl", Version: "7.76.1-40.el9_8.5"},
		Package{Name: "openssh-server", Version: "9.9p1-8.el9_8.alma.1", Source: "openssh"},
		Package{Name: "nginx", Version: "2:1.20.1-24.el9_7.2.alma.1"},
		Package{Name: "nginx", Version: "2:1.26.3-2.module_el9.7.0+223+9cd7031b.1"},
	)
	want := []string{
		"bind ALSA-2026:54510 32:9.16.23-40.el9_8.8", "openssh-server ALSA-2026:47756 9.9p1-9.el9_8.alma.1",
		"nginx ALSA-2026:36639 2:1.26.3-9.module_el9.8.0+281+75d5e6d4.2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
	r, err := x.Match([]Package{{Name: "bind", Version: "32:9.16.23-1.el9"}})
	if err != nil || len(r.Matches) != 2 || r.Matches[0].Record.Severity == "" || len(r.Matches[0].Record.CVEs) == 0 || !r.Matches[0].Record.Advisory() {
		t.Errorf("the erratum's own word and CVEs: %+v, %v", r.Matches, err)
	}
}

func TestRecordDetails(t *testing.T) {
	record := `{"id":"DEBIAN-CVE-2021-44228","published":"2021-12-10T10:00:00Z","modified":"2026-11-01T00:00:00Z","upstream":["CVE-2021-44228"],"aliases":["GHSA-jfh8-c2jp-5v3q"],
		"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"}],
		"affected":[{"package":{"ecosystem":"Debian:11","name":"p"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"ecosystem_specific":{"urgency":"unimportant"}}]}`
	x := build(t, "Debian:11", strings.ReplaceAll(record, "\n", " "), func(b *Builder) {
		b.SetKEV(map[string]KEV{"CVE-2021-44228": {Added: time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC), Ransomware: true}, "CVE-1999-0001": {Added: today}}, today)
		b.SetEPSS(map[string]float64{"CVE-2021-44228": 0.97, "CVE-1999-0001": 1}, today)
		b.SetSources("Debian/all.zip")
	})
	r, err := x.Match([]Package{{Name: "p", Version: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Match{{Name: "p", Version: "1", Unimportant: true, Record: Record{
		ID: "DEBIAN-CVE-2021-44228", CVEs: []string{"CVE-2021-44228"}, Aliases: []string{"GHSA-jfh8-c2jp-5v3q"},
		Published: time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC), Modified: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Score: 10, Network: true, Automatic: true, Severity: "critical",
		Threat: Threat{Exploited: time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC), Ransomware: true, EPSS: 0.9},
	}}}
	if diff := cmp.Diff(want, r.Matches); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Scores of published vectors, by FIRST's own calculator.
func TestCVSS3(t *testing.T) {
	for vector, want := range map[string]float64{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8,
		"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H": 8.1,
		"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H": 7.8,
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N": 6.1,
		"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N": 1.6,
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N": 0,
	} {
		v, ok := parseCVSS3(vector)
		if got := v.base(); !ok || got != want {
			t.Errorf("%s: got %v, want %v", vector, got, want)
		}
	}
	for _, bad := range []string{"", "CVSS:3.1/", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "7.5"} {
		if _, ok := parseCVSS3(bad); ok {
			t.Errorf("%q: read", bad)
		}
	}
}

func TestUncomparedIsSaid(t *testing.T) {
	x := build(t, "Alpine:v3.19", rec("ALPINE-CVE-2024-1", "Alpine:v3.19", "busybox", "0,1.36.1-r15"))
	r, err := x.Match([]Package{{Name: "busybox", Version: strings.Repeat("9", 300)}, {Name: "busybox", Version: "1.36.1-r2"}, {Name: "busybox", Version: ""}})
	if err != nil || !slices.Equal(r.Uncompared, []int{0, 2}) || len(r.Matches) != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestEcosystemOf(t *testing.T) {
	for _, tc := range []struct{ id, version, want string }{
		{"debian", "11", "Debian:11"}, {"debian", "", ""}, {"ubuntu", "24.04", "Ubuntu:24.04"}, {"alpine", "3.19.1", "Alpine:v3.19"},
		{"almalinux", "9.4", "AlmaLinux:9"}, {"rocky", "9.4", "Rocky Linux:9"}, {"openwrt", "23.05.3", ""}, {"wolfi", "20230201", "Wolfi"},
	} {
		if got := EcosystemOf(tc.id, tc.version); got != tc.want {
			t.Errorf("%s %s: got %q, want %q", tc.id, tc.version, got, tc.want)
		}
	}
	if _, err := NewBuilder(Release{Ecosystem: "OpenWrt:23.05"}); err == nil {
		t.Error("an index was begun for an ecosystem without an order of versions")
	}
}

func TestAccept(t *testing.T) {
	at := func(ecosystem string, revision uint64) Meta {
		return Meta{Ecosystem: ecosystem, Revision: revision, Expires: today.AddDate(0, 1, 0)}
	}
	for _, tc := range []struct {
		name          string
		current, next Meta
		now           time.Time
		want          error
	}{
		{"first", Meta{}, at("Debian:11", 1), today, nil},
		{"newer", at("Debian:11", 1), at("Debian:11", 2), today, nil},
		{"same", at("Debian:11", 2), at("Debian:11", 2), today, nil},
		{"older", at("Debian:11", 3), at("Debian:11", 2), today, ErrOlder},
		{"other", Meta{}, at("Debian:12", 2), today, ErrOther},
		{"after-an-upgrade-of-the-host", at("Debian:10", 9), at("Debian:11", 2), today, nil},
		{"expired", Meta{}, at("Debian:11", 2), today.AddDate(0, 2, 0), ErrExpired},
	} {
		if err := Accept(tc.current, tc.next, "Debian:11", tc.now); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestSameContentWhateverTheOrder(t *testing.T) {
	pub, priv := keys(t)
	lines := strings.SplitAfter(published, "\n")
	a := edition(t, 1, pub, priv, "Debian:11", published)
	slices.Reverse(lines)
	b := edition(t, 1, pub, priv, "Debian:11", strings.Join(lines, "")+published)
	if !bytes.Equal(a.text, b.text) {
		t.Error("the manifest differs")
	}
}

// The order of versions says what comparing each of them says, also when places run out and when it begins anew.
func TestOrderIsExact(t *testing.T) {
	b, err := NewBuilder(Release{Ecosystem: "Debian:12"})
	if err != nil {
		t.Fatal(err)
	}
	versions := []string{"1.0-1", "1.0-1~bpo1", "1:0.1-1", "2.0-1", "2.0-1+deb12u1", "", "0", "01.0-1"}
	spans := []span{{}, {to: "2.0-1"}, {to: "2.0-1", closed: true}, {from: "1.0-1", to: "2.0-1+deb12u1"}, {from: "1:0"}, {from: "2.0-1"}}
	for round := range 2 {
		for _, v := range versions {
			parsed, wantErr := b.parse(v)
			for i := range spans {
				for _, list := range [][]span{spans[i : i+1], {spans[i], spans[(i+1)%len(spans)]}, nil} {
					got, err := b.covered(v, list)
					if (err != nil) != (wantErr != nil) {
						t.Fatalf("%q: error %v, want %v", v, err, wantErr)
					}
					if err != nil {
						continue
					}
					if _, want, _ := inside(parsed, list); got != want {
						t.Errorf("round %d: %q in %+v: %v, want %v", round, v, list, got, want)
					}
				}
			}
		}
		for i := range 300 { // always into the same gap, from both sides: places run out
			for _, v := range []string{fmt.Sprintf("1.0-1+a%d", 1000+i), fmt.Sprintf("1.0-1+b%d", 2000-i)} {
				if _, err := b.place(v); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := 1; i < len(b.order.sorted); i++ {
			low, high := b.order.sorted[i-1], b.order.sorted[i]
			if c, err := low.parsed.Compare(high.parsed); err != nil || c >= 0 || low.at >= high.at {
				t.Fatalf("round %d: place %d and the one before: %d, %d and %d", round, i, c, low.at, high.at)
			}
		}
	}
	b.order = order{places: make(map[string]*placed, maxOrder)}
	for i := range maxOrder {
		b.order.places[fmt.Sprint(i)] = nil
	}
	if in, err := b.covered("1.5-1", spans[1:2]); err != nil || !in || len(b.order.places) != 2 {
		t.Errorf("after it was full: %v, %v, %d places", in, err, len(b.order.places))
	}
}
