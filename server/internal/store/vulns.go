package store

import (
	"errors"
	"time"
)

// VulnRecord is one published vulnerability record of operating system packages.
type VulnRecord struct {
	ID       string
	Digest   []byte // sha256 of the record as it was published
	Modified time.Time
	Payload  []byte   // what is kept of it, compressed by the caller
	Releases []string // distribution releases it says something of; not read back
}

// VulnDigests reads the digest of every record, by id.
func (t *Tx) VulnDigests() (map[string][]byte, error) {
	type line struct {
		id     string
		digest []byte
	}
	all, err := many(t, func(r scanner) (v line, err error) {
		err = r.Scan(&v.id, &v.digest)
		return v, err
	}, `SELECT id, digest FROM vuln_records`)
	out := make(map[string][]byte, len(all))
	for _, v := range all {
		out[v.id] = v.digest
	}
	return out, err
}

// PutVuln stores a record and reports whether it did: of the same id the one modified latest stays.
func (t *Tx) PutVuln(v VulnRecord) (bool, error) {
	n, err := t.exec(`INSERT INTO vuln_records (id, digest, modified_ms, payload) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, modified_ms = excluded.modified_ms, payload = excluded.payload
		WHERE vuln_records.modified_ms <= excluded.modified_ms`, v.ID, blob(v.Digest), MS(v.Modified), blob(v.Payload))
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := t.exec(`DELETE FROM vuln_releases WHERE record_id = ?`, v.ID); err != nil {
		return false, err
	}
	for _, r := range v.Releases {
		if _, err := t.exec(`INSERT INTO vuln_releases (release, record_id) VALUES (?, ?) ON CONFLICT (release, record_id) DO NOTHING`, r, v.ID); err != nil {
			return false, err
		}
	}
	return true, nil
}

// VulnRelease is a distribution release that records are about.
type VulnRelease struct {
	Name    string
	Records int
	Newest  time.Time // latest modification
}

// VulnReleases lists the releases that records are about, by name.
func (t *Tx) VulnReleases() ([]VulnRelease, error) {
	return many(t, func(r scanner) (v VulnRelease, err error) {
		err = r.Scan(&v.Name, &v.Records, moment{&v.Newest})
		return v, err
	}, `SELECT p.release, COUNT(*), MAX(r.modified_ms) FROM vuln_releases p JOIN vuln_records r ON r.id = p.record_id GROUP BY p.release ORDER BY p.release`)
}

// VulnsOf reads at most limit records of a release by id, from the one behind after on.
func (t *Tx) VulnsOf(release, after string, limit int) ([]VulnRecord, error) {
	return many(t, func(r scanner) (v VulnRecord, err error) {
		err = r.Scan(&v.ID, &v.Digest, moment{&v.Modified}, &v.Payload)
		return v, err
	}, `SELECT r.id, r.digest, r.modified_ms, r.payload FROM vuln_releases p JOIN vuln_records r ON r.id = p.record_id
		WHERE p.release = ? AND p.record_id > ? ORDER BY p.record_id LIMIT ?`, release, after, limit)
}

// VulnArchive is an archive of records that was imported to its end.
type VulnArchive struct {
	Digest   string // sha256 of the file, hex
	Name     string
	Records  int
	Imported time.Time
}

// PutVulnArchive notes that an archive was imported to its end.
func (t *Tx) PutVulnArchive(v VulnArchive) error {
	_, err := t.exec(`INSERT INTO vuln_archives (digest, name, records, imported_ms) VALUES (?, ?, ?, ?)
		ON CONFLICT (digest) DO UPDATE SET name = excluded.name, records = excluded.records, imported_ms = excluded.imported_ms`, v.Digest, v.Name, v.Records, MS(v.Imported))
	return err
}

// VulnArchives lists the archives that were imported, the latest first.
func (t *Tx) VulnArchives() ([]VulnArchive, error) {
	return many(t, func(r scanner) (v VulnArchive, err error) {
		err = r.Scan(&v.Digest, &v.Name, &v.Records, moment{&v.Imported})
		return v, err
	}, `SELECT digest, name, records, imported_ms FROM vuln_archives ORDER BY imported_ms DESC, name`)
}

// Kinds of [VulnFeed].
const (
	FeedKEV    = "kev"
	FeedEPSS   = "epss"
	FeedBanned = "banned"
)

// VulnFeed is a list that is replaced as a whole: known exploitation, its prediction, forbidden software.
type VulnFeed struct {
	Kind       string
	AsOf       time.Time // the list's own date
	Entries    int
	Content    []byte // as its importer encodes it; empty in lists
	Imported   time.Time
	ImportedBy string
}

// ErrOlder says that what is there already is newer.
var ErrOlder = errors.New("older than what is in force")

// PutFeed replaces a feed; one with an earlier date of its own is ErrOlder.
func (t *Tx) PutFeed(v VulnFeed) error {
	have, err := t.Feed(v.Kind)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err == nil && have.AsOf.After(v.AsOf) {
		return ErrOlder
	}
	_, err = t.exec(`INSERT INTO vuln_feeds (kind, as_of_ms, entries, content, imported_ms, imported_by) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind) DO UPDATE SET as_of_ms = excluded.as_of_ms, entries = excluded.entries, content = excluded.content,
		imported_ms = excluded.imported_ms, imported_by = excluded.imported_by`, v.Kind, MS(v.AsOf), v.Entries, blob(v.Content), MS(v.Imported), v.ImportedBy)
	return err
}

// Feed reads a feed.
func (t *Tx) Feed(kind string) (VulnFeed, error) {
	return one(t, func(r scanner) (v VulnFeed, err error) {
		err = r.Scan(&v.Kind, moment{&v.AsOf}, &v.Entries, &v.Content, moment{&v.Imported}, &v.ImportedBy)
		return v, err
	}, `SELECT kind, as_of_ms, entries, content, imported_ms, imported_by FROM vuln_feeds WHERE kind = ?`, kind)
}

// Feeds lists the feeds without their contents.
func (t *Tx) Feeds() ([]VulnFeed, error) {
	return many(t, func(r scanner) (v VulnFeed, err error) {
		err = r.Scan(&v.Kind, moment{&v.AsOf}, &v.Entries, moment{&v.Imported}, &v.ImportedBy)
		return v, err
	}, `SELECT kind, as_of_ms, entries, imported_ms, imported_by FROM vuln_feeds ORDER BY kind`)
}

// VulnBuild is the last index that was built of a release.
type VulnBuild struct {
	Release  string
	Revision uint64
	Inputs   []byte // digest of all that went into it
	Built    time.Time
}

// PutVulnBuild notes a build in place of the one before.
func (t *Tx) PutVulnBuild(v VulnBuild) error {
	_, err := t.exec(`INSERT INTO vuln_builds (release, revision, inputs, built_ms) VALUES (?, ?, ?, ?)
		ON CONFLICT (release) DO UPDATE SET revision = excluded.revision, inputs = excluded.inputs, built_ms = excluded.built_ms`, v.Release, v.Revision, blob(v.Inputs), MS(v.Built))
	return err
}

// VulnBuild reads the last build of a release.
func (t *Tx) VulnBuild(release string) (VulnBuild, error) {
	return one(t, func(r scanner) (v VulnBuild, err error) {
		err = r.Scan(&v.Release, &v.Revision, &v.Inputs, moment{&v.Built})
		return v, err
	}, `SELECT release, revision, inputs, built_ms FROM vuln_builds WHERE release = ?`, release)
}
