package store

import "time"

// Kinds of an item in [Assessment.Kind].
const (
	KindFull  = "full"
	KindDelta = "delta"
	KindFacts = "facts"
)

// Assessment is one outbox item as it arrived; everything else about it is derived.
type Assessment struct {
	HostID         string
	Sequence       uint64
	Kind           string    // [KindFull], [KindDelta] or [KindFacts]
	Created        time.Time // host's clock
	Measured       time.Time // host's clock
	Received       time.Time // server's clock
	BundleName     string
	BundleRevision uint64
	BaseSequence   uint64 // of a delta; else 0
	ItemDigest     []byte // sha256 of the item, to tell a repeat from a conflict
	StateDigest    []byte // digest of the whole state after it, which a later delta names as its base
	Payload        []byte // the item, compressed by the caller; empty in lists
}

const assessmentColumns = `host_id, sequence, kind, created_ms, measured_ms, received_ms, bundle_name, bundle_revision, base_sequence, item_digest, state_digest`

func scanAssessmentLine(r scanner) (v Assessment, err error) {
	err = r.Scan(&v.HostID, &v.Sequence, &v.Kind, moment{&v.Created}, moment{&v.Measured}, moment{&v.Received},
		&v.BundleName, &v.BundleRevision, &v.BaseSequence, &v.ItemDigest, &v.StateDigest)
	return v, err
}

func scanAssessment(r scanner) (v Assessment, err error) {
	err = r.Scan(&v.HostID, &v.Sequence, &v.Kind, moment{&v.Created}, moment{&v.Measured}, moment{&v.Received},
		&v.BundleName, &v.BundleRevision, &v.BaseSequence, &v.ItemDigest, &v.StateDigest, &v.Payload)
	return v, err
}

// AddAssessment stores one item; the same host and sequence a second time is ErrExists.
func (t *Tx) AddAssessment(v Assessment) error {
	_, err := t.exec(`INSERT INTO assessments (`+assessmentColumns+`, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.HostID, v.Sequence, v.Kind, MS(v.Created), MS(v.Measured), MS(v.Received), v.BundleName, v.BundleRevision,
		v.BaseSequence, blob(v.ItemDigest), blob(v.StateDigest), blob(v.Payload))
	return err
}

// Assessment reads one item with its payload.
func (t *Tx) Assessment(host string, sequence uint64) (Assessment, error) {
	return one(t, scanAssessment, `SELECT `+assessmentColumns+`, payload FROM assessments WHERE host_id = ? AND sequence = ?`, host, sequence)
}

// Assessments lists a host's items without payloads, newest first. Before is the sequence to continue below
// (0: from the newest), limit at most that many (0: all).
func (t *Tx) Assessments(host string, before uint64, limit int) ([]Assessment, error) {
	if before == 0 {
		before = 1 << 62
	}
	if limit <= 0 {
		limit = 1 << 30
	}
	return many(t, scanAssessmentLine, `SELECT `+assessmentColumns+` FROM assessments WHERE host_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`, host, before, limit)
}

// State is a host's whole current state, as the next delta's base.
type State struct {
	HostID   string
	Sequence uint64
	Digest   []byte // sha256 of the deterministic encoding
	Payload  []byte // the encoding, compressed by the caller
}

// PutState replaces the host's current state.
func (t *Tx) PutState(v State) error {
	_, err := t.exec(`INSERT INTO host_states (host_id, sequence, digest, payload) VALUES (?, ?, ?, ?)
		ON CONFLICT (host_id) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest, payload = excluded.payload`,
		v.HostID, v.Sequence, blob(v.Digest), blob(v.Payload))
	return err
}

// State reads the host's current state.
func (t *Tx) State(host string) (State, error) {
	return one(t, func(r scanner) (v State, err error) {
		err = r.Scan(&v.HostID, &v.Sequence, &v.Digest, &v.Payload)
		return v, err
	}, `SELECT host_id, sequence, digest, payload FROM host_states WHERE host_id = ?`, host)
}

// AssessmentLine reads one item without its payload.
func (t *Tx) AssessmentLine(host string, sequence uint64) (Assessment, error) {
	return one(t, scanAssessmentLine, `SELECT `+assessmentColumns+` FROM assessments WHERE host_id = ? AND sequence = ?`, host, sequence)
}
