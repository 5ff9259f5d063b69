// Package vulns takes what is published about vulnerabilities (OSV archives, the catalogue of known exploited ones, the
// predictions of exploitation) and compiles it into one signed index per distribution release, which hosts fetch.
//
// Imports go on where they were interrupted: records are stored in short transactions, and one that is stored already
// is recognised by its digest and passed over. A list that cannot be read to its end changes nothing.
package vulns

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Limits of one archive of OSV records.
const (
	maxArchive    = 4 << 30  // bytes of the file
	maxUnpacked   = 16 << 30 // bytes of all records
	maxRecord     = 16 << 20 // bytes of one record
	maxDirectory  = 96 << 20 // bytes of what lists the records; some hundred bytes of memory for each of them
	maxEntries    = 1_000_000
	maxRefusals   = 20 // told one by one; beyond them they are counted
	batchRecords  = 500
	batchBytes    = 8 << 20
	maxNameLength = 256
)

// ErrArchive says that a file is not an archive of OSV records within the limits.
var ErrArchive = errors.New("not a usable archive of OSV records")

// Imported says what became of one archive.
type Imported struct {
	Records   int  // in the archive
	Stored    int  // new or changed
	Unchanged int  // stored already
	Elsewhere int  // about nothing an operating system's index is built of (language ecosystems)
	Older     int  // a later state of the record is stored
	Refused   int  // not usable
	Known     bool // the very file was imported before: it was not looked into
	Refusals  []Refusal
}

// Refusal is one record that was not taken.
type Refusal struct {
	Name string
	Why  string
}

// Progress is told how many of an archive's records were looked at.
type Progress func(done, total int)

// Import takes an archive of OSV records, as published for one ecosystem or for all. by is the actor. What was stored before an
// error stays, and a later import of the same archive goes on from there.
func Import(ctx context.Context, st *store.Store, file string, tell Progress, by string, now time.Time) (Imported, error) {
	var got Imported
	f, err := os.Open(file)
	if err != nil {
		return got, fmt.Errorf("import vulnerabilities: %w", err)
	}
	defer f.Close()
	digest, size, err := fileDigest(ctx, f)
	if err != nil {
		return got, fmt.Errorf("import vulnerabilities: %w", err)
	}
	im := importer{ctx: ctx, st: st, got: &got, tries: map[string]*vulnindex.Builder{}}
	known, err := im.open(digest)
	if err != nil || known {
		got.Known = known
		return got, err
	}
	directory := &boundedReader{r: f, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	directory.left = math.MaxInt64 // what follows is bounded by what the directory says
	if err != nil {
		return got, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	records, err := check(z.File)
	if err != nil {
		return got, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	if err := im.all(records, tell); err != nil {
		return got, err
	}
	return got, st.Tx(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.PutVulnArchive(store.VulnArchive{Digest: digest, Name: filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file), Records: len(records), Imported: now}),
			audit(tx, "vulns.import", "archive:"+digest[:16], by, now, map[string]any{"records": got.Records, "stored": got.Stored, "refused": got.Refused}))
	})
}

func fileDigest(ctx context.Context, f *os.File) (digest string, size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxArchive {
		return "", 0, fmt.Errorf("%w: not a file of at most %d MiB", ErrArchive, maxArchive>>20)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(contextReader{ctx, f}, maxArchive)); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), info.Size(), nil
}

// boundedReader reads no more than is left.
type boundedReader struct {
	r    io.ReaderAt
	left int64
}

// ReadAt implements [io.ReaderAt].
func (b *boundedReader) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errors.New("the directory of the archive is larger than 96 MiB")
	}
	return b.r.ReadAt(p, off)
}

// contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements [io.Reader].
func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// check looks at an archive's directory before anything is unpacked, and gives the records in it. The sizes it states bind: the
// reader refuses a member that holds more.
func check(files []*zip.File) ([]*zip.File, error) {
	if len(files) > maxEntries {
		return nil, fmt.Errorf("%d members, at most %d", len(files), maxEntries)
	}
	var total uint64
	var records []*zip.File
	for _, f := range files { // a member that stands twice is a record of which the later state counts

		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		// Nothing is written by these names, but whoever wrote such a name meant harm.
		if len(f.Name) > maxNameLength || path.Clean(f.Name) != f.Name || path.IsAbs(f.Name) || strings.HasPrefix(f.Name, "..") || strings.ContainsAny(f.Name, "\\\x00") {
			return nil, fmt.Errorf("member %.80q has a forbidden name", f.Name)
		}
		if !f.Mode().IsRegular() {
			return nil, fmt.Errorf("member %.80q is no regular file", f.Name)
		}
		if f.UncompressedSize64 > maxRecord {
			return nil, fmt.Errorf("member %.80q has %d bytes, at most %d", f.Name, f.UncompressedSize64, maxRecord)
		}
		if total += f.UncompressedSize64; total > maxUnpacked {
			return nil, fmt.Errorf("members have more than %d bytes together", int64(maxUnpacked))
		}
		if path.Ext(f.Name) == ".json" {
			records = append(records, f)
		}
	}
	if len(records) == 0 {
		return nil, errors.New("no record in it")
	}
	return records, nil
}

// importer carries one import.
type importer struct {
	ctx   context.Context
	st    *store.Store
	got   *Imported
	known map[string][]byte             // digest by id
	tries map[string]*vulnindex.Builder // by release; nothing is built, records are tried
	pack  *zstd.Encoder
	batch []store.VulnRecord
	bytes int
}

func (im *importer) open(digest string) (known bool, err error) {
	err = im.st.View(im.ctx, func(tx *store.Tx) error {
		all, err := tx.VulnArchives()
		if err != nil {
			return err
		}
		if known = slices.ContainsFunc(all, func(a store.VulnArchive) bool { return a.Digest == digest }); known {
			return nil
		}
		im.known, err = tx.VulnDigests()
		return err
	})
	return known, err
}

func (im *importer) all(records []*zip.File, tell Progress) error {
	var err error
	if im.pack, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault)); err != nil {
		return err
	}
	defer im.pack.Close()
	var buf bytes.Buffer
	for i, f := range records {
		if err := im.ctx.Err(); err != nil {
			return errors.Join(im.flush(context.WithoutCancel(im.ctx)), fmt.Errorf("import vulnerabilities: %w", err))
		}
		if tell != nil {
			tell(i, len(records))
		}
		im.got.Records++
		if err := im.one(f, &buf); err != nil {
			im.got.Refused++
			if len(im.got.Refusals) < maxRefusals {
				im.got.Refusals = append(im.got.Refusals, Refusal{Name: f.Name, Why: err.Error()})
			}
		}
		if len(im.batch) >= batchRecords || im.bytes >= batchBytes {
			if err := im.flush(im.ctx); err != nil {
				return err
			}
		}
	}
	if tell != nil {
		tell(len(records), len(records))
	}
	return im.flush(im.ctx)
}

// one looks at one record and puts it into the batch when it is new. An error says why it is not usable.
func (im *importer) one(f *zip.File, buf *bytes.Buffer) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	buf.Reset()
	if _, err := buf.ReadFrom(io.LimitReader(r, maxRecord+1)); err != nil {
		return err
	}
	sum := sha256.Sum256(buf.Bytes())
	id := strings.TrimSuffix(path.Base(f.Name), ".json")
	if bytes.Equal(im.known[id], sum[:]) {
		im.got.Unchanged++
		return nil
	}
	v, err := vulnindex.ParseRecord(buf.Bytes())
	if err != nil {
		if aboutOthers(buf.Bytes()) {
			im.got.Elsewhere++
			return nil
		}
		return err
	}
	if v.ID != id {
		return fmt.Errorf("%w: its id is %.80q", vulnindex.ErrRecord, v.ID)
	}
	releases := releasesOf(v)
	if len(releases) == 0 {
		im.got.Elsewhere++
		return nil
	}
	if err := im.usable(v, releases); err != nil {
		return err
	}
	kept, err := json.Marshal(v)
	if err != nil {
		return err
	}
	im.batch = append(im.batch, store.VulnRecord{ID: id, Digest: sum[:], Modified: v.Modified, Payload: im.pack.EncodeAll(kept, nil), Releases: releases})
	im.bytes += len(im.batch[len(im.batch)-1].Payload)
	return nil
}

// releasesOf lists the releases a record is about that an index can be built of.
func releasesOf(v *vulnindex.OSV) []string {
	var out []string
	for i := range v.Affected {
		if name := vulnindex.Canonical(v.Affected[i].Package.Ecosystem); indexed(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// aboutOthers reports whether a record names ecosystems, and none that an index is built of: what else it says is not ours to judge.
func aboutOthers(raw []byte) bool {
	type affected struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
		} `json:"package"`
	}
	var v struct {
		Affected []affected `json:"affected"`
	}
	if json.Unmarshal(raw, &v) != nil || len(v.Affected) == 0 {
		return false
	}
	return !slices.ContainsFunc(v.Affected, func(a affected) bool {
		return a.Package.Ecosystem == "" || indexed(vulnindex.Canonical(a.Package.Ecosystem))
	})
}

// usable tries the record in an index of each release, so that absurd ranges are refused when they come, with their name.
func (im *importer) usable(v *vulnindex.OSV, releases []string) error {
	for _, name := range releases {
		b := im.tries[name]
		if b == nil {
			var err error
			if b, err = vulnindex.NewBuilder(vulnindex.Release{Ecosystem: name}); err != nil {
				return err
			}
			im.tries[name] = b
		}
		if err := b.Check(v); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	stored, older := 0, 0
	if err := im.st.Tx(ctx, func(tx *store.Tx) error {
		stored, older = 0, 0
		for _, v := range im.batch {
			ok, err := tx.PutVuln(v)
			if err != nil {
				return err
			}
			if ok {
				stored++
			} else {
				older++
			}
		}
		return nil
	}); err != nil {
		return fmt.Errorf("store vulnerabilities: %w", err)
	}
	im.got.Stored += stored
	im.got.Older += older
	im.batch, im.bytes = im.batch[:0], 0
	return nil
}

func audit(tx *store.Tx, action, object, by string, now time.Time, detail map[string]any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return tx.Audit(store.Entry{At: now, Actor: by, Action: action, Object: object, Detail: string(text)})
}
