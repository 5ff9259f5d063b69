// Package pack holds the signed artefacts that a server offers this host: policy bundles, vulnerability indexes and their deltas, the
// list of forbidden software. An
// artefact is fetched in parts, survives an interrupted transfer, and replaces the one in force only once whoever uses it
// has verified and tried it; until then, and when it is no good, the last good one stays.
//
// Below its directory each kind has a folder:
//
//	part           what came so far of the offer that state names
//	next           came whole, with the digest that was offered; not tried yet
//	DIGEST         what is in force, by its sha256 in hex; the one before it may still lie beside it
//	state.json     what was offered, what is in force, what was refused
//
// Nothing is trusted for lying here: whoever uses content verifies it each time.
package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vymir-project/vymir/agent/internal/durable"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// Errors of this package.
var (
	ErrOffer   = errors.New("the server offers what this host cannot take")
	ErrContent = errors.New("what was fetched is not what was offered")
)

// Artefact names one artefact.
type Artefact struct {
	Name     string    `json:"name"`
	Revision uint64    `json:"revision"`
	Digest   []byte    `json:"digest"`            // sha256 of the whole file
	At       time.Time `json:"at,omitzero"`       // in force since, or refused at; this host's clock
	Why      string    `json:"why,omitempty"`     // it was refused
	Damaged  bool      `json:"damaged,omitempty"` // its file is gone or was changed: it may be fetched again
}

// State is what is known of a kind.
type State struct {
	Offer   *Offer    `json:"offer,omitempty"`    // being fetched
	InForce *Artefact `json:"in_force,omitempty"` // nil: none was ever taken
	Refused *Artefact `json:"refused,omitempty"`  // the last one that was no good; it is not fetched again
	Trust
}

// Trust says by which keys artefacts of a kind are verified.
type Trust struct {
	Signed []string `json:"signed_by,omitempty"` // one of these keys signed what is in force
	Keys   []string `json:"keys,omitempty"`      // what follows must be signed by one of these; none: those this host was given
	Anchor string   `json:"anchor,omitempty"`    // names the keys this host was given when Keys were taken; when they change Keys are void
}

// Offer is an artefact that a server offers.
type Offer struct {
	Name     string `json:"name"`
	Revision uint64 `json:"revision"`
	Digest   []byte `json:"digest"` // of what is fetched: the whole, or the delta
	Size     uint64 `json:"size"`
	From     uint64 `json:"from,omitempty"` // it is the delta from this revision; 0: the whole
}

// Kind is the folder of one kind of artefact. It is used by one goroutine of one process at a time: the daemon fetches,
// its measuring child takes.
type Kind struct {
	kind, dir string
}

// Open gives the folder of a kind below the agent's state directory; nothing is made before something is fetched.
func Open(stateDir, kind string) Kind {
	return Kind{kind: kind, dir: filepath.Join(stateDir, "artefacts", kind)}
}

func (k Kind) path(name string) string { return filepath.Join(k.dir, name) }

// State reads what is known; what is missing or damaged is the zero State.
func (k Kind) State() State {
	var s State
	b, err := os.ReadFile(k.path("state.json"))
	if err != nil || json.Unmarshal(b, &s) != nil {
		return State{}
	}
	return s
}

func (k Kind) save(s State) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode state of artefacts: %w", err)
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return fmt.Errorf("make folder of artefacts: %w", err)
	}
	return durable.WriteFile(k.path("state.json"), b)
}

// Wanted reports whether an offer is worth fetching: well formed, within the bounds, newer than what is in force, and
// neither fetched already nor refused before.
func (k Kind) Wanted(o *vymirv1.Offer) (bool, error) {
	if o.GetKind() != k.kind {
		return false, nil
	}
	if o.Name == "" || len(o.Name) > wire.MaxStringBytes || o.Revision == 0 || len(o.Digest) != sha256.Size || o.Size == 0 || o.Size > wire.MaxArtefactBytes(k.kind) {
		return false, fmt.Errorf("%s %q revision %d of %d bytes: %w", k.kind, o.Name, o.Revision, o.Size, ErrOffer)
	}
	s := k.State()
	if r := s.Refused; r != nil && bytes.Equal(r.Digest, o.Digest) {
		return false, nil
	}
	if f := s.InForce; f != nil && !f.Damaged && (bytes.Equal(f.Digest, o.Digest) || f.Name == o.Name && f.Revision >= o.Revision) {
		return false, nil
	}
	if next, err := k.Next(); err == nil {
		if d := sha256.Sum256(next); bytes.Equal(d[:], o.Digest) || bytes.Equal(d[:], o.DeltaDigest) {
			return false, nil
		}
	}
	return true, nil
}

// choose takes the delta of an offer where it leads from what is in force and was not refused before, else the whole.
func (k Kind) choose(s State, o *vymirv1.Offer) *Offer {
	whole := &Offer{Name: o.Name, Revision: o.Revision, Digest: o.Digest, Size: o.Size}
	f := s.InForce
	switch {
	case o.DeltaFrom == 0 || f == nil || f.Damaged || f.Name != o.Name || f.Revision != o.DeltaFrom:
		return whole
	case len(o.DeltaDigest) != sha256.Size || o.DeltaSize == 0 || o.DeltaSize >= o.Size:
		return whole
	case s.Refused != nil && bytes.Equal(s.Refused.Digest, o.DeltaDigest):
		return whole
	}
	return &Offer{Name: o.Name, Revision: o.Revision, Digest: o.DeltaDigest, Size: o.DeltaSize, From: o.DeltaFrom}
}

// Read gives at most limit bytes of an artefact from offset on, and the size and the digest of the whole of it; of the delta from a revision
// where from is not 0.
type Read func(from, offset uint64, limit uint32) (data []byte, total uint64, digest []byte, err error)

// Fetch brings an offer that is [Kind.Wanted] here, from where an earlier attempt stopped: as the delta from what is in force, where there
// is one, which becomes the next artefact as it is. What came before an error is kept for the next attempt; a delta that is not what
// was offered is not asked for again.
func (k Kind) Fetch(offer *vymirv1.Offer, read Read) error {
	s := k.State()
	o := k.choose(s, offer)
	if s.Offer == nil || !bytes.Equal(s.Offer.Digest, o.Digest) {
		os.Remove(k.path("part"))
		s.Offer = o
		if err := k.save(s); err != nil {
			return err
		}
	}
	err := k.fetch(o, read)
	if o.From > 0 && errors.Is(err, ErrContent) {
		a := Artefact{Name: o.Name, Revision: o.Revision, Digest: o.Digest, At: time.Now().UTC(), Why: err.Error()}
		return errors.Join(err, k.Refuse(a))
	}
	return err
}

func (k Kind) fetch(o *Offer, read Read) error {
	f, err := os.OpenFile(k.path("part"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open part: %w", err)
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("read part: %w", err)
	}
	for at := uint64(have); at < o.Size; {
		data, total, digest, err := read(o.From, at, wire.MaxFetchBytes)
		if err != nil {
			return fmt.Errorf("fetch %s %q: %w", k.kind, o.Name, err)
		}
		if total != o.Size || !bytes.Equal(digest, o.Digest) || len(data) == 0 || uint64(len(data)) > o.Size-at {
			return fmt.Errorf("fetch %s %q: %w", k.kind, o.Name, ErrContent)
		}
		if _, err := f.Write(data); err != nil {
			return fmt.Errorf("write part: %w", err)
		}
		at += uint64(len(data))
	}
	return k.complete(f, o)
}

// complete makes a whole part the next artefact, if it is what was offered. A damaged one is fetched anew.
func (k Kind) complete(f *os.File, o *Offer) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read part: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, int64(o.Size)+1))
	if err != nil {
		return fmt.Errorf("read part: %w", err)
	}
	if uint64(n) != o.Size || !bytes.Equal(h.Sum(nil), o.Digest) {
		os.Remove(f.Name())
		return fmt.Errorf("fetch %s %q: %w", k.kind, o.Name, ErrContent)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write part: %w", err)
	}
	if err := os.Rename(f.Name(), k.path("next")); err != nil {
		return fmt.Errorf("keep what was fetched: %w", err)
	}
	s := k.State()
	s.Offer = nil
	return k.save(s)
}

// Put makes a file that came another way, by stick, the next artefact.
func (k Kind) Put(data []byte) error {
	if n := wire.MaxArtefactBytes(k.kind); uint64(len(data)) > n {
		return fmt.Errorf("%s of %d bytes: %w", k.kind, len(data), wire.ErrTooLarge)
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return fmt.Errorf("make folder of artefacts: %w", err)
	}
	return durable.WriteFile(k.path("next"), data)
}

// Next reads the artefact that came and was not tried yet; none is fs.ErrNotExist.
func (k Kind) Next() ([]byte, error) { return k.read("next") }

// InForce reads the artefact that was taken last; none is fs.ErrNotExist, one that was damaged [ErrContent].
func (k Kind) InForce() ([]byte, error) {
	f := k.State().InForce
	if f == nil {
		return nil, fs.ErrNotExist
	}
	data, err := k.read(hex.EncodeToString(f.Digest))
	d := sha256.Sum256(data)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Equal(d[:], f.Digest) {
		return nil, fmt.Errorf("%s %q was damaged on disk: %w", k.kind, f.Name, ErrContent)
	}
	return data, err
}

// Damaged notes that what is in force cannot be read, so that it is fetched again. Older ones stay refused.
func (k Kind) Damaged() error {
	s := k.State()
	if s.InForce == nil || s.InForce.Damaged {
		return nil
	}
	s.InForce.Damaged = true
	return k.save(s)
}

func (k Kind) read(name string) ([]byte, error) {
	f, err := os.Open(k.path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	limit := wire.MaxArtefactBytes(k.kind)
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && uint64(len(b)) > limit {
		err = fmt.Errorf("%s: %w", f.Name(), wire.ErrTooLarge)
	}
	return b, err
}

// Take puts the next artefact in force, because it was verified and tried; t says by which keys, and which count from now on.
// A crash in the midst of it leaves the old one in force.
func (k Kind) Take(a Artefact, t Trust) error {
	s := k.State()
	before := s.InForce
	s.InForce, s.Trust = &a, t
	if s.Refused != nil && s.Refused.Name == a.Name && s.Refused.Revision <= a.Revision {
		s.Refused = nil
	}
	if err := os.Rename(k.path("next"), k.path(hex.EncodeToString(a.Digest))); err != nil {
		return fmt.Errorf("put %s in force: %w", k.kind, err)
	}
	if err := k.save(s); err != nil {
		return err
	}
	if before != nil && !bytes.Equal(before.Digest, a.Digest) {
		os.Remove(k.path(hex.EncodeToString(before.Digest)))
	}
	return nil
}

// Refuse drops the next artefact, because it is no good; it is not fetched again.
func (k Kind) Refuse(a Artefact) error {
	s := k.State()
	s.Refused = &a
	if err := os.Remove(k.path("next")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("drop %s: %w", k.kind, err)
	}
	return k.save(s)
}
