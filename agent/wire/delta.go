package wire

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// ErrBase is returned by [Apply] when the base at hand is not the one the delta was made from. The server then
// asks for a full assessment (CheckInResponse.need_full_from).
var ErrBase = errors.New("delta was made from another base")

// Marshal encodes m deterministically: the same message gives the same bytes in every build with the same
// protobuf runtime. Where two runtimes differ a digest differs, and a full assessment is asked for.
func Marshal(m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return b, nil
}

// Digest is the SHA-256 of the deterministic encoding of m.
func Digest(m *vymirv1.Assessment) ([]byte, error) {
	b, err := Marshal(m)
	if err != nil {
		return nil, err
	}
	d := sha256.Sum256(b)
	return d[:], nil
}

// Diff gives next as the difference from base, which was delivered under the sequence baseSequence. ok is false
// when the difference cannot be said or would not be smaller; then next goes in full.
func Diff(base, next *vymirv1.Assessment, baseSequence uint64) (d *vymirv1.Delta, ok bool) {
	if base == nil || baseSequence == 0 || CheckAssessment(base) != nil || CheckAssessment(next) != nil {
		return nil, false
	}
	if len(next.ProtoReflect().GetUnknown()) > 0 || len(next.Baselines) == 0 || len(next.BundleDigest) == 0 || next.Host == nil {
		return nil, false
	}
	digest, err := Digest(base)
	if err != nil {
		return nil, false
	}
	d = &vymirv1.Delta{BaseSequence: baseSequence, BaseDigest: digest, Changed: &vymirv1.Assessment{
		MeasuredMs: next.MeasuredMs, JudgedMs: next.JudgedMs, DurationMs: next.DurationMs, ClockSet: next.ClockSet,
	}}
	if !bytes.Equal(base.BundleDigest, next.BundleDigest) || base.BundleName != next.BundleName || base.BundleRevision != next.BundleRevision {
		d.Changed.BundleName, d.Changed.BundleRevision, d.Changed.BundleDigest = next.BundleName, next.BundleRevision, next.BundleDigest
	}
	if !proto.Equal(base.Host, next.Host) {
		d.Changed.Host = next.Host
	}
	if !slices.EqualFunc(base.Baselines, next.Baselines, func(a, b *vymirv1.Baseline) bool { return proto.Equal(a, b) }) {
		d.Changed.Baselines = next.Baselines
	}
	old := make(map[uint32]*vymirv1.Result, len(base.Results))
	for _, r := range base.Results {
		old[r.Control] = r
	}
	for _, r := range next.Results {
		if b, had := old[r.Control]; !had || !SameResult(b, r) {
			d.Changed.Results = append(d.Changed.Results, r)
		}
		delete(old, r.Control)
	}
	for _, r := range base.Results {
		if _, gone := old[r.Control]; gone {
			d.Removed = append(d.Removed, r.Control)
		}
	}
	return d, proto.Size(d) < proto.Size(next)
}

// SameResult reports whether two results say the same; it is what [proto.Equal] says, at a tenth of its cost.
func SameResult(a, b *vymirv1.Result) bool {
	return a.Control == b.Control && a.Status == b.Status && a.Live == b.Live && a.Persisted == b.Persisted && a.Reason == b.Reason &&
		bytes.Equal(a.Target, b.Target) && bytes.Equal(a.ProtoReflect().GetUnknown(), b.ProtoReflect().GetUnknown())
}

// Apply gives the assessment that d stands for. base is the last assessment of the same host that was stored under
// d.BaseSequence. It returns [ErrBase] when base is nil or its digest differs. base is not changed; the result
// shares no memory with it.
func Apply(base *vymirv1.Assessment, d *vymirv1.Delta) (*vymirv1.Assessment, error) {
	if d.GetChanged() == nil {
		return nil, fmt.Errorf("delta without content: %w", ErrMalformed)
	}
	if base == nil {
		return nil, ErrBase
	}
	digest, err := Digest(base)
	if err != nil {
		return nil, err
	}
	return ApplyTo(base, digest, d)
}

// ApplyTo is [Apply] for who knows the digest of base already.
func ApplyTo(base *vymirv1.Assessment, digest []byte, d *vymirv1.Delta) (*vymirv1.Assessment, error) {
	if d.GetChanged() == nil {
		return nil, fmt.Errorf("delta without content: %w", ErrMalformed)
	}
	if base == nil || !bytes.Equal(digest, d.BaseDigest) {
		return nil, ErrBase
	}
	if err := CheckAssessment(d.Changed); err != nil {
		return nil, err
	}
	next := proto.CloneOf(d.Changed)
	if len(next.BundleDigest) == 0 {
		next.BundleName, next.BundleRevision, next.BundleDigest = base.BundleName, base.BundleRevision, bytes.Clone(base.BundleDigest)
	}
	if next.Host == nil {
		next.Host = proto.CloneOf(base.Host)
	}
	if len(next.Baselines) == 0 {
		next.Baselines = proto.CloneOf(base).Baselines
	}
	skip := make(map[uint32]bool, len(d.Removed)+len(next.Results))
	for _, n := range d.Removed {
		skip[n] = true
	}
	for _, r := range next.Results {
		skip[r.Control] = true
	}
	for _, r := range base.Results {
		if !skip[r.Control] {
			next.Results = append(next.Results, proto.CloneOf(r))
		}
	}
	slices.SortFunc(next.Results, func(x, y *vymirv1.Result) int { return cmp.Compare(x.Control, y.Control) })
	return next, CheckAssessment(next)
}

// CheckItem reports whether it follows the format and its limits, as far as that can be said without its base.
func CheckItem(it *vymirv1.Item) error {
	if it.GetSequence() == 0 {
		return fmt.Errorf("item without sequence: %w", ErrMalformed)
	}
	if n := proto.Size(it); n > MaxItemBytes {
		return fmt.Errorf("item %d is %d bytes: %w", it.Sequence, n, ErrTooLarge)
	}
	var err error
	switch body := it.Body.(type) {
	case *vymirv1.Item_Assessment:
		err = CheckAssessment(body.Assessment)
	case *vymirv1.Item_Delta:
		err = CheckAssessment(body.Delta.GetChanged())
	case *vymirv1.Item_Facts:
	default:
		err = fmt.Errorf("no body this version knows: %w", ErrMalformed)
	}
	if err != nil {
		return fmt.Errorf("item %d: %w", it.Sequence, err)
	}
	return nil
}
