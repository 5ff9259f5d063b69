package store

import (
	"errors"
	"strings"
	"time"
)

// Artefact is a signed file that hosts may fetch: a policy bundle, a vulnerability index or the list of forbidden software.
type Artefact struct {
	Kind        string // wire.KindBundle, wire.KindVulns or wire.KindBanned
	Name        string // of the set of policies, of the distribution release, or "list"
	Revision    uint64
	Digest      []byte // sha256 of the whole file
	Size        uint64 // bytes
	Content     []byte // empty in lists and offers
	Expires     time.Time
	Published   time.Time
	PublishedBy string // actor
}

const artefactColumns = `kind, name, revision, digest, size, expires_ms, published_ms, published_by`

func scanArtefact(r scanner) (v Artefact, err error) {
	err = r.Scan(&v.Kind, &v.Name, &v.Revision, &v.Digest, &v.Size, moment{&v.Expires}, moment{&v.Published}, &v.PublishedBy)
	return v, err
}

// AddArtefact stores a file; the same kind, name and revision a second time is ErrExists.
func (t *Tx) AddArtefact(v Artefact) error {
	_, err := t.exec(`INSERT INTO artefacts (`+artefactColumns+`, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.Kind, v.Name, v.Revision, blob(v.Digest), len(v.Content), MS(v.Expires), MS(v.Published), v.PublishedBy, blob(v.Content))
	return err
}

// Artefact reads one file's line, without its content.
func (t *Tx) Artefact(kind, name string, revision uint64) (Artefact, error) {
	return one(t, scanArtefact, `SELECT `+artefactColumns+` FROM artefacts WHERE kind = ? AND name = ? AND revision = ?`, kind, name, revision)
}

// Artefacts lists what was published of a kind ("": of all), newest revision first, without contents.
func (t *Tx) Artefacts(kind string) ([]Artefact, error) {
	return many(t, scanArtefact, `SELECT `+artefactColumns+` FROM artefacts WHERE ? = '' OR kind = ? ORDER BY kind, name, revision DESC`, kind, kind)
}

// ArtefactPart reads at most limit bytes of a file from offset on; behind its end there are none.
func (t *Tx) ArtefactPart(kind, name string, revision, offset, limit uint64) ([]byte, error) {
	return one(t, scalar[[]byte], `SELECT substr(content, ?, ?) FROM artefacts WHERE kind = ? AND name = ? AND revision = ?`,
		offset+1, limit, kind, name, revision)
}

// Delta leads from one revision of an artefact to another.
type Delta struct {
	Kind, Name     string
	Revision, Base uint64 // to and from
	Digest         []byte // sha256 of Content
	Size           uint64 // bytes
	Content        []byte // empty in lists
}

// ReplaceDeltas stores the deltas that lead to one artefact, and drops those that lead to others of its kind and name.
func (t *Tx) ReplaceDeltas(kind, name string, list []Delta) error {
	if _, err := t.exec(`DELETE FROM artefact_deltas WHERE kind = ? AND name = ?`, kind, name); err != nil {
		return err
	}
	for _, d := range list {
		if _, err := t.exec(`INSERT INTO artefact_deltas (kind, name, revision, base, digest, size, content) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			kind, name, d.Revision, d.Base, blob(d.Digest), len(d.Content), blob(d.Content)); err != nil {
			return err
		}
	}
	return nil
}

const deltaColumns = `kind, name, revision, base, digest, size`

func scanDelta(r scanner) (v Delta, err error) {
	err = r.Scan(&v.Kind, &v.Name, &v.Revision, &v.Base, &v.Digest, &v.Size)
	return v, err
}

// Deltas lists all deltas, newest base first, without contents.
func (t *Tx) Deltas() ([]Delta, error) {
	return many(t, scanDelta, `SELECT `+deltaColumns+` FROM artefact_deltas ORDER BY kind, name, revision DESC, base DESC`)
}

// Delta reads one delta's line, without its content.
func (t *Tx) Delta(kind, name string, revision, base uint64) (Delta, error) {
	return one(t, scanDelta, `SELECT `+deltaColumns+` FROM artefact_deltas WHERE kind = ? AND name = ? AND revision = ? AND base = ?`, kind, name, revision, base)
}

// DeltaPart reads at most limit bytes of a delta from offset on; behind its end there are none.
func (t *Tx) DeltaPart(d Delta, offset, limit uint64) ([]byte, error) {
	return one(t, scalar[[]byte], `SELECT substr(content, ?, ?) FROM artefact_deltas WHERE kind = ? AND name = ? AND revision = ? AND base = ?`,
		offset+1, limit, d.Kind, d.Name, d.Revision, d.Base)
}

// PruneArtefacts drops what was published of a kind and name below a revision, unless hosts are pointed to it.
func (t *Tx) PruneArtefacts(kind, name string, below uint64) error {
	_, err := t.exec(`DELETE FROM artefacts WHERE kind = ? AND name = ? AND revision < ? AND NOT EXISTS (SELECT 1 FROM offers o
		WHERE o.kind = artefacts.kind AND o.name = artefacts.name AND o.revision = artefacts.revision)`, kind, name, below)
	return err
}

// Offer is what hosts are pointed to: of policy bundles one for every host (RecipientID "") or for those of one
// recipient; of vulnerability indexes one for each distribution release; one list of forbidden software.
type Offer struct {
	RecipientID string
	Artefact
}

// PutOffer points hosts to an artefact that was published, in place of the one they were pointed to before.
func (t *Tx) PutOffer(kind, name string, revision uint64, recipient string) error {
	_, err := t.exec(`INSERT INTO offers (kind, slot, recipient_id, name, revision) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, slot, recipient_id) DO UPDATE SET name = excluded.name, revision = excluded.revision`, kind, slot(kind, name), recipient, name, revision)
	return err
}

// DropOffer ends an offer; none is ErrNotFound.
func (t *Tx) DropOffer(kind, name, recipient string) error {
	return t.must(`DELETE FROM offers WHERE kind = ? AND slot = ? AND recipient_id = ?`, kind, slot(kind, name), recipient)
}

// slot keeps one policy bundle per recipient, but one vulnerability index per distribution release.
func slot(kind, name string) string {
	if kind == "bundle" {
		return ""
	}
	return name
}

// Offers lists all offers.
func (t *Tx) Offers() ([]Offer, error) {
	return many(t, func(r scanner) (v Offer, err error) {
		a := &v.Artefact
		err = r.Scan(&v.RecipientID, &a.Kind, &a.Name, &a.Revision, &a.Digest, &a.Size, moment{&a.Expires}, moment{&a.Published}, &a.PublishedBy)
		return v, err
	}, `SELECT o.recipient_id, a.kind, a.name, a.revision, a.digest, a.size, a.expires_ms, a.published_ms, a.published_by FROM offers o
		JOIN artefacts a ON a.kind = o.kind AND a.name = o.name AND a.revision = o.revision ORDER BY a.kind, a.name, o.recipient_id`)
}

// Directive is what the hosts of a scope are told: those of all recipients (""), of one ("recipient:ID"), or one ("host:ID").
type Directive struct {
	Scope    string
	Interval time.Duration // wished distance of check-ins, whole seconds; 0: none
	Withhold []string      // target fields that are not wanted
	Asked    time.Time     // hosts measured before it are asked to measure; zero: never asked
	Set      time.Time
	SetBy    string
}

// PutDirective sets what a scope is told.
func (t *Tx) PutDirective(v Directive) error {
	_, err := t.exec(`INSERT INTO directives (scope, interval_s, withhold, asked_ms, set_ms, set_by) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (scope) DO UPDATE SET interval_s = excluded.interval_s, withhold = excluded.withhold, asked_ms = excluded.asked_ms,
		set_ms = excluded.set_ms, set_by = excluded.set_by`,
		v.Scope, int64(v.Interval/time.Second), strings.Join(v.Withhold, "\n"), MS(v.Asked), MS(v.Set), v.SetBy)
	return err
}

// Directives lists them all.
func (t *Tx) Directives() ([]Directive, error) {
	return many(t, func(r scanner) (v Directive, err error) {
		var seconds int64
		var withhold string
		err = r.Scan(&v.Scope, &seconds, &withhold, moment{&v.Asked}, moment{&v.Set}, &v.SetBy)
		v.Interval = time.Duration(seconds) * time.Second
		if withhold != "" {
			v.Withhold = strings.Split(withhold, "\n")
		}
		return v, err
	}, `SELECT scope, interval_s, withhold, asked_ms, set_ms, set_by FROM directives ORDER BY scope`)
}

// DropDirective ends what a scope is told; none is ErrNotFound.
func (t *Tx) DropDirective(scope string) error {
	return t.must(`DELETE FROM directives WHERE scope = ?`, scope)
}

// artefactKeys is the setting that holds the public keys artefacts are signed by, one a line.
const artefactKeys = "artefact.keys"

// ArtefactKeys gives the minisign public keys that artefacts must be signed by; none: nothing can be published yet.
func (t *Tx) ArtefactKeys() ([]string, error) {
	text, err := t.Setting(artefactKeys)
	if errors.Is(err, ErrNotFound) || (err == nil && text == "") {
		return nil, nil
	}
	return strings.Split(text, "\n"), err
}

// PutArtefactKeys sets the public keys that artefacts must be signed by.
func (t *Tx) PutArtefactKeys(keys []string) error {
	return t.PutSetting(artefactKeys, strings.Join(keys, "\n"))
}
