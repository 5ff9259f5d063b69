package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"
)

// Limits of one ecosystem's data. The whole export of the largest ecosystem stays below them.
const (
	maxArchive  = 1 << 30 // bytes of one zip
	maxUnpacked = 4 << 30 // bytes of all records in one zip
	maxRecord   = 8 << 20 // bytes of one record
	maxRecords  = 1_000_000
)

// errNoData says that nothing is known of an ecosystem here, which is not the same as no vulnerabilities.
var errNoData = errors.New("no data for this ecosystem")

// dataset is the data of one ecosystem.
type dataset struct {
	path string // of its zip
	err  error  // why it is not used; errNoData: it is not there
}

// ecosystems are those the plugins in use can find packages of; operating systems only for the second opinion.
var (
	languageEcosystems = []string{"Go", "PyPI", "npm", "Packagist", "Maven"}
	systemEcosystems   = []string{"Debian", "Ubuntu", "Alpine", "AlmaLinux", "Rocky Linux", "Red Hat", "openSUSE", "SUSE"}
)

// overlay makes a folder in the layout the scanner reads, with a link for every ecosystem whose data are sound and an
// empty archive for every other: with one archive missing, the scanner would give up matching all of them and say
// nothing. The caller removes the folder.
func overlay(data string, names []string) (dir string, sets map[string]dataset, err error) {
	dir, err = os.MkdirTemp("", "vymir-osvscan-")
	if err != nil {
		return "", nil, fmt.Errorf("make working folder: %w", err)
	}
	sets = map[string]dataset{}
	for _, name := range names {
		d := dataset{path: filepath.Join(data, name, "all.zip")}
		d.err = checkArchive(d.path)
		sets[name] = d
		at := filepath.Join(dir, "osv-scalibr", name)
		if err := os.MkdirAll(at, 0o700); err != nil {
			return dir, nil, fmt.Errorf("make working folder: %w", err)
		}
		at = filepath.Join(at, "all.zip")
		if d.err == nil {
			abs, err := filepath.Abs(d.path)
			if err != nil {
				return dir, nil, fmt.Errorf("find data of %s: %w", name, err)
			}
			d.err = os.Symlink(abs, at)
		} else {
			var empty bytes.Buffer
			if err := errors.Join(zip.NewWriter(&empty).Close(), os.WriteFile(at, empty.Bytes(), 0o600)); err != nil {
				return dir, nil, fmt.Errorf("stand in for data of %s: %w", name, err)
			}
		}
	}
	return dir, sets, nil
}

// checkArchive looks at an archive's directory before the scanner takes the whole into memory. The sizes stated there
// bind: the zip reader refuses a member that holds more.
func checkArchive(path string) error {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoData
	}
	if err != nil {
		return fmt.Errorf("read data: %w", err)
	}
	if !st.Mode().IsRegular() || st.Size() > maxArchive {
		return fmt.Errorf("data are no file of at most %d MiB", maxArchive>>20)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("read data: %w", err)
	}
	defer z.Close()
	if len(z.File) > maxRecords {
		return fmt.Errorf("data hold %d records, more than %d", len(z.File), maxRecords)
	}
	var total uint64
	for _, f := range z.File {
		if f.UncompressedSize64 > maxRecord {
			return fmt.Errorf("record %.80q is larger than %d MiB", f.Name, maxRecord>>20)
		}
		if total += f.UncompressedSize64; total > maxUnpacked {
			return fmt.Errorf("data unpack to more than %d MiB", maxUnpacked>>20)
		}
	}
	return nil
}

// read looks through the records as the scanner did: how many, how new, and how many it left out without a word.
func (d dataset) read(e *Ecosystem) error {
	z, err := zip.OpenReader(d.path)
	if err != nil {
		return fmt.Errorf("read data: %w", err)
	}
	defer z.Close()
	var newest time.Time
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		e.Records++
		at, err := readRecord(f)
		if err != nil {
			e.Unreadable++
			continue
		}
		if at.After(newest) {
			newest = at
		}
	}
	if !newest.IsZero() {
		e.NewestAt = &newest
	}
	return nil
}

func readRecord(f *zip.File) (modified time.Time, err error) {
	r, err := f.Open()
	if err != nil {
		return modified, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	if err != nil {
		return modified, err
	}
	if err := protojson.Unmarshal(data, &osvschema.Vulnerability{}); err != nil {
		return modified, err
	}
	var head struct {
		Modified time.Time `json:"modified"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return modified, err
	}
	if head.Modified.Year() > 1 {
		return head.Modified.UTC(), nil
	}
	return f.Modified.UTC(), nil // some exports date no record; the archive dates its members
}
