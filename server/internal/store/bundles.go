package store

import "time"

// Bundle is one policy bundle this server accepted; its catalogue keeps old results readable for ever.
type Bundle struct {
	Name       string
	Revision   uint64
	Digest     []byte // sha256 of the content
	Content    []byte // the signed bundle; empty for the one built into the binary
	Catalogue  string // JSON of its compiled catalogue
	Accepted   time.Time
	AcceptedBy string
}

const bundleColumns = `name, revision, digest, content, catalogue, accepted_ms, accepted_by`

func scanBundle(r scanner) (v Bundle, err error) {
	err = r.Scan(&v.Name, &v.Revision, &v.Digest, &v.Content, &v.Catalogue, moment{&v.Accepted}, &v.AcceptedBy)
	return v, err
}

// AddBundle stores a bundle; the same one again changes nothing.
func (t *Tx) AddBundle(v Bundle) error {
	_, err := t.exec(`INSERT INTO bundles (`+bundleColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, revision, digest) DO NOTHING`,
		v.Name, v.Revision, blob(v.Digest), blob(v.Content), v.Catalogue, MS(v.Accepted), v.AcceptedBy)
	return err
}

// Bundle reads a bundle by name, revision and digest; an empty digest takes any of that revision.
func (t *Tx) Bundle(name string, revision uint64, digest []byte) (Bundle, error) {
	if len(digest) == 0 {
		return one(t, scanBundle, `SELECT `+bundleColumns+` FROM bundles WHERE name = ? AND revision = ? ORDER BY accepted_ms DESC LIMIT 1`, name, revision)
	}
	return one(t, scanBundle, `SELECT `+bundleColumns+` FROM bundles WHERE name = ? AND revision = ? AND digest = ?`, name, revision, digest)
}

// NewestBundle reads the highest revision of a name.
func (t *Tx) NewestBundle(name string) (Bundle, error) {
	return one(t, scanBundle, `SELECT `+bundleColumns+` FROM bundles WHERE name = ? ORDER BY revision DESC, accepted_ms DESC LIMIT 1`, name)
}

// Bundles lists all bundles, newest first, without content.
func (t *Tx) Bundles() ([]Bundle, error) {
	return many(t, func(r scanner) (v Bundle, err error) {
		err = r.Scan(&v.Name, &v.Revision, &v.Digest, &v.Catalogue, moment{&v.Accepted}, &v.AcceptedBy)
		return v, err
	}, `SELECT name, revision, digest, catalogue, accepted_ms, accepted_by FROM bundles ORDER BY name, revision DESC, accepted_ms DESC`)
}
