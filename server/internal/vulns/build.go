package vulns

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/klauspost/compress/zstd"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/server/internal/store"
)

// page is how many records are read at once while building.
const page = 500

// distributions are those whose hosts an index can be for, as OSV names them; true: they have no releases.
var distributions = map[string]bool{
	"Debian": false, "Ubuntu": false, "Alpine": false, "AlmaLinux": false, "Rocky Linux": false, "openSUSE": false, "Mageia": false,
	"Wolfi": true, "Chainguard": true,
}

// indexed reports whether an index can be built for the ecosystem.
func indexed(ecosystem string) bool {
	name, release, _ := strings.Cut(ecosystem, ":")
	rolling, ok := distributions[name]
	return ok && rolling == (release == "")
}

// Plan says what to build, and how it is signed.
type Plan struct {
	Releases []string // "Debian:11"; none: all that records are about
	Key      minisign.PrivateKey
	Life     time.Duration // after which an index is no longer taken as an update
	Again    bool          // build also what would not differ from the last build
	By       string        // actor
}

// Built is one index.
type Built struct {
	Meta    vulnindex.Meta
	Content []byte // the signed file; empty: nothing changed since the last build
	Refused int    // records that an index cannot hold
}

// Build compiles and signs the indexes of the plan and hands each to take, which keeps or publishes it; only then does it count
// as built. A release nothing changed for is handed over without content.
func Build(ctx context.Context, st *store.Store, p Plan, now time.Time, take func(Built) error) error {
	threats, releases, err := prepare(ctx, st, &p)
	if err != nil {
		return fmt.Errorf("build vulnerability indexes: %w", err)
	}
	for _, name := range releases {
		if err := build(ctx, st, p, name, threats, now, take); err != nil {
			return fmt.Errorf("build vulnerability index of %s: %w", name, err)
		}
	}
	return nil
}

// threats are the two lists that concern all releases.
type threats struct {
	kev           map[string]vulnindex.KEV
	epss          map[string]float64
	kevAt, epssAt time.Time
}

func prepare(ctx context.Context, st *store.Store, p *Plan) (th threats, releases []string, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		if th.kevAt, err = feed(tx, store.FeedKEV, &th.kev); err != nil {
			return err
		}
		if th.epssAt, err = feed(tx, store.FeedEPSS, &th.epss); err != nil {
			return err
		}
		known, err := tx.VulnReleases()
		if err != nil {
			return err
		}
		for _, r := range known {
			if len(p.Releases) == 0 || slices.Contains(p.Releases, r.Name) {
				releases = append(releases, r.Name)
			}
		}
		for _, want := range p.Releases {
			if !slices.Contains(releases, want) {
				return fmt.Errorf("release %q: %w", want, store.ErrNotFound)
			}
		}
		return nil
	})
	if err == nil && len(releases) == 0 {
		err = errors.New("no records were imported yet")
	}
	return th, releases, err
}

func build(ctx context.Context, st *store.Store, p Plan, name string, th threats, now time.Time, take func(Built) error) error {
	b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: name, EndOfLife: endOfLife(name)})
	if err != nil {
		return err
	}
	inputs, refused, err := gather(ctx, st, b, name)
	if err != nil {
		return err
	}
	if !th.kevAt.IsZero() {
		b.SetKEV(th.kev, th.kevAt)
		fmt.Fprintf(inputs, "kev %s\n", th.kevAt)
	}
	if !th.epssAt.IsZero() {
		b.SetEPSS(th.epss, th.epssAt)
		fmt.Fprintf(inputs, "epss %s\n", th.epssAt)
	}
	fmt.Fprintf(inputs, "end %s\nkey %x\n", endOfLife(name), p.Key.ID())
	sum := inputs.Sum(nil)
	last, revision, err := before(ctx, st, wire.KindVulns, name)
	if err != nil {
		return err
	}
	if !p.Again && bytes.Equal(last.Inputs, sum) && now.Before(last.Built.Add(p.Life/2)) {
		return take(Built{Meta: vulnindex.Meta{Ecosystem: name, Revision: last.Revision}, Refused: refused})
	}
	var out bytes.Buffer
	e := vulnindex.Edition{Revision: revision + 1, Created: now, Expires: now.Add(p.Life)}
	m, err := b.Write(&out, e, p.Key)
	if err != nil {
		return err
	}
	if out.Len() > wire.MaxVulnsBytes {
		return fmt.Errorf("%d bytes: %w", out.Len(), vulnindex.ErrTooLarge)
	}
	if err := take(Built{Meta: m, Content: out.Bytes(), Refused: refused}); err != nil {
		return err
	}
	return st.Tx(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.PutVulnBuild(store.VulnBuild{Release: name, Revision: m.Revision, Inputs: sum, Built: now}),
			audit(tx, "vulns.build", "vulns:"+name, p.By, now, map[string]any{"revision": m.Revision, "records": m.Records, "bytes": out.Len()}))
	})
}

// hashWriter is a hash that what goes into an index is written to.
type hashWriter interface {
	Write([]byte) (int, error)
	Sum([]byte) []byte
}

// gather puts every record of a release into the builder, page by page.
func gather(ctx context.Context, st *store.Store, b *vulnindex.Builder, name string) (inputs hashWriter, refused int, err error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(8*maxRecord))
	if err != nil {
		return nil, 0, err
	}
	defer dec.Close()
	inputs = sha256.New()
	for after := ""; ; {
		var list []store.VulnRecord
		if err := st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.VulnsOf(name, after, page); return err }); err != nil {
			return nil, 0, err
		}
		for _, v := range list {
			after = v.ID
			fmt.Fprintf(inputs, "%s %x\n", v.ID, v.Digest)
			raw, err := dec.DecodeAll(v.Payload, nil)
			if err != nil {
				return nil, 0, fmt.Errorf("record %s: %w", v.ID, err)
			}
			var o vulnindex.OSV
			if err := json.Unmarshal(raw, &o); err != nil {
				return nil, 0, fmt.Errorf("record %s: %w", v.ID, err)
			}
			switch err := b.AddRecord(&o); {
			case errors.Is(err, vulnindex.ErrRecord):
				refused++
			case err != nil:
				return nil, 0, err
			}
		}
		if len(list) < page {
			return inputs, refused, nil
		}
	}
}

// before finds the last build of a name and the highest revision that hosts may have. Of forbidden software there is one list, whatever
// the name it was published under.
func before(ctx context.Context, st *store.Store, kind, name string) (last store.VulnBuild, revision uint64, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		if last, err = tx.VulnBuild(name); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		revision = last.Revision
		published, err := tx.Artefacts(kind)
		for _, a := range published {
			if a.Name == name || kind == wire.KindBanned {
				revision = max(revision, a.Revision)
			}
		}
		return err
	})
	return last, revision, err
}

// Ends are the days on which makers stop giving security updates, the same as control updates.supported_release judges by.
var Ends = map[string]string{
	"Debian:8": "2020-06-30", "Debian:9": "2022-06-30", "Debian:10": "2024-06-30", "Debian:11": "2026-08-31", "Debian:12": "2028-06-30", "Debian:13": "2030-06-30",
	"Ubuntu:14.04": "2019-04-30", "Ubuntu:16.04": "2021-04-30", "Ubuntu:18.04": "2023-05-31", "Ubuntu:20.04": "2025-05-31", "Ubuntu:22.04": "2027-04-30",
	"Ubuntu:24.04": "2029-05-31", "Ubuntu:23.10": "2024-07-11", "Ubuntu:24.10": "2025-07-10",
	"AlmaLinux:8": "2029-03-01", "AlmaLinux:9": "2032-05-31", "AlmaLinux:10": "2035-05-31",
	"Rocky Linux:8": "2029-05-31", "Rocky Linux:9": "2032-05-31", "Rocky Linux:10": "2035-05-31",
	"Alpine:v3.14": "2023-05-01", "Alpine:v3.15": "2023-11-01", "Alpine:v3.16": "2024-05-23", "Alpine:v3.17": "2024-11-22", "Alpine:v3.18": "2025-05-09",
	"Alpine:v3.19": "2025-11-01", "Alpine:v3.20": "2026-04-01", "Alpine:v3.21": "2026-11-01", "Alpine:v3.22": "2027-05-01",
}

// endOfLife is when a release's security support ends; zero: not known.
func endOfLife(release string) time.Time {
	at, err := time.Parse(time.DateOnly, Ends[release])
	if err != nil {
		return time.Time{}
	}
	return at
}
