package wire

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies/assessment"
)

// Control is what [Decode] needs of a catalogue's entry. Texts are not among it: whoever shows a result renders
// them in the reader's language from the catalogue.
type Control struct {
	ID         string
	Revision   uint32
	Aliases    []string
	Family     string
	Capability string
	Severity   assessment.Severity
	Mappings   map[string][]string
	Reasons    []string // reason ids, in the order of their numbers (number 1 is the first)
}

var statusNumbers = map[assessment.Status]vymirv1.Status{
	assessment.Pass:          vymirv1.Status_STATUS_PASS,
	assessment.Fail:          vymirv1.Status_STATUS_FAIL,
	assessment.Unmeasured:    vymirv1.Status_STATUS_UNMEASURED,
	assessment.NotApplicable: vymirv1.Status_STATUS_NOT_APPLICABLE,
	assessment.Error:         vymirv1.Status_STATUS_ERROR,
}

var statusNames = map[vymirv1.Status]assessment.Status{
	vymirv1.Status_STATUS_PASS:           assessment.Pass,
	vymirv1.Status_STATUS_FAIL:           assessment.Fail,
	vymirv1.Status_STATUS_UNMEASURED:     assessment.Unmeasured,
	vymirv1.Status_STATUS_NOT_APPLICABLE: assessment.NotApplicable,
	vymirv1.Status_STATUS_ERROR:          assessment.Error,
}

// Encode gives the lean form of a: results by control number, ascending, without texts. It keeps the target half
// as it is; what consent withholds has been taken away before. An assessment that the format cannot hold (a
// result without a number, a number twice, too many results) is an error. The order of a.Results is left alone.
func Encode(a *assessment.Assessment) (*vymirv1.Assessment, error) {
	digest, err := hex.DecodeString(a.Bundle.Digest)
	if err != nil {
		return nil, fmt.Errorf("encode bundle digest %q: %w", a.Bundle.Digest, err)
	}
	m := &vymirv1.Assessment{
		BundleName:     a.Bundle.Name,
		BundleRevision: a.Bundle.Revision,
		BundleDigest:   digest,
		MeasuredMs:     a.MeasuredAt.UnixMilli(),
		JudgedMs:       a.JudgedAt.UnixMilli(),
		DurationMs:     uint32(max(0, min(a.DurationSeconds*1000, 1<<32-1))),
		ClockSet:       a.ClockSet,
		Host:           &vymirv1.HostLine{Name: a.Host.Name, Os: a.Host.OS, Role: a.Host.Role, Kernel: a.Host.Kernel, Exposure: a.Host.Exposure},
		Results:        make([]*vymirv1.Result, 0, len(a.Results)),
	}
	for _, b := range a.Baselines {
		m.Baselines = append(m.Baselines, &vymirv1.Baseline{Name: b.Name, Revision: b.Revision})
	}
	for i := range a.Results {
		r, err := encodeResult(&a.Results[i])
		if err != nil {
			return nil, err
		}
		m.Results = append(m.Results, r)
	}
	slices.SortFunc(m.Results, func(x, y *vymirv1.Result) int { return cmp.Compare(x.Control, y.Control) })
	if err := CheckAssessment(m); err != nil {
		return nil, err
	}
	return m, nil
}

func encodeResult(r *assessment.Result) (*vymirv1.Result, error) {
	m := &vymirv1.Result{
		Control:   r.Number,
		Status:    statusNumbers[r.Status],
		Live:      statusNumbers[r.Verdicts[assessment.Live]],
		Persisted: statusNumbers[r.Verdicts[assessment.Persisted]],
		Reason:    r.ReasonNumber,
	}
	if r.Number == 0 {
		return nil, fmt.Errorf("encode result of %s: control has no number: %w", r.Control, ErrMalformed)
	}
	if !r.Target.IsZero() {
		b, err := json.Marshal(r.Target) // maps are written in the order of their keys
		if err != nil {
			return nil, fmt.Errorf("encode target of %s: %w", r.Control, err)
		}
		if len(b) > MaxTargetBytes {
			b, err = json.Marshal(assessment.Target{Evidence: map[string]any{"withheld": "too large for the wire"}})
			if err != nil {
				return nil, fmt.Errorf("encode target of %s: %w", r.Control, err)
			}
		}
		m.Target = b
	}
	return m, nil
}

// CheckAssessment reports whether m follows the format and its limits: ascending control numbers, known statuses,
// bounded names. Deltas are checked by [Apply] after they have been applied.
func CheckAssessment(m *vymirv1.Assessment) error {
	if m == nil {
		return fmt.Errorf("assessment is absent: %w", ErrMalformed)
	}
	if err := checkHeader(m); err != nil {
		return err
	}
	last := uint32(0)
	for _, r := range m.Results {
		switch {
		case r.GetControl() <= last:
			return fmt.Errorf("control number %d after %d: %w", r.GetControl(), last, ErrMalformed)
		case statusNames[r.Status] == "":
			return fmt.Errorf("control number %d has status %d: %w", r.Control, r.Status, ErrMalformed)
		case !isVerdict(r.Live) || !isVerdict(r.Persisted):
			return fmt.Errorf("control number %d has verdicts %d, %d: %w", r.Control, r.Live, r.Persisted, ErrMalformed)
		case len(r.Target) > MaxTargetBytes:
			return fmt.Errorf("target of control number %d is %d bytes: %w", r.Control, len(r.Target), ErrTooLarge)
		}
		last = r.Control
	}
	return nil
}

func checkHeader(m *vymirv1.Assessment) error {
	if len(m.Results) > MaxResults {
		return fmt.Errorf("assessment has %d results: %w", len(m.Results), ErrTooLarge)
	}
	if len(m.Baselines) > MaxBaselines {
		return fmt.Errorf("assessment names %d baselines: %w", len(m.Baselines), ErrTooLarge)
	}
	names := []string{m.BundleName, m.Host.GetName(), m.Host.GetOs(), m.Host.GetRole(), m.Host.GetKernel(), m.Host.GetExposure(), string(m.BundleDigest)}
	for _, b := range m.Baselines {
		names = append(names, b.GetName())
	}
	for _, n := range names {
		if len(n) > MaxStringBytes {
			return fmt.Errorf("name of %d bytes: %w", len(n), ErrTooLarge)
		}
	}
	return nil
}

func isVerdict(s vymirv1.Status) bool {
	return s >= vymirv1.Status_STATUS_UNSPECIFIED && s <= vymirv1.Status_STATUS_UNMEASURED
}

// Decode turns the lean form back into an assessment. look finds a control of the bundle m names by its number;
// a number it does not know is an error that wraps [ErrUnknownControl]. Title, reason and remedy stay empty and
// Lang too: they are rendered from the catalogue in the reader's language.
func Decode(m *vymirv1.Assessment, look func(number uint32) (Control, bool)) (*assessment.Assessment, error) {
	if err := CheckAssessment(m); err != nil {
		return nil, err
	}
	a := &assessment.Assessment{
		Schema: assessment.Schema,
		Host: assessment.Host{Name: m.Host.GetName(), OS: m.Host.GetOs(), Role: m.Host.GetRole(), Kernel: m.Host.GetKernel(),
			Exposure: assessment.ParseExposure(m.Host.GetExposure())},
		MeasuredAt:      time.UnixMilli(m.MeasuredMs).UTC(),
		JudgedAt:        time.UnixMilli(m.JudgedMs).UTC(),
		ClockSet:        m.ClockSet,
		DurationSeconds: float64(m.DurationMs) / 1000,
		Bundle:          assessment.BundleRef{Name: m.BundleName, Revision: m.BundleRevision, Digest: hex.EncodeToString(m.BundleDigest)},
		Root:            "/",
		Baselines:       make([]assessment.BaselineRef, 0, len(m.Baselines)),
		Results:         make([]assessment.Result, 0, len(m.Results)),
	}
	for _, b := range m.Baselines {
		a.Baselines = append(a.Baselines, assessment.BaselineRef{Name: b.GetName(), Revision: b.GetRevision()})
	}
	for _, r := range m.Results {
		c, ok := look(r.Control)
		if !ok {
			return nil, fmt.Errorf("decode result: control number %d of bundle %q revision %d: %w", r.Control, m.BundleName, m.BundleRevision, ErrUnknownControl)
		}
		d, err := decodeResult(r, c)
		if err != nil {
			return nil, err
		}
		a.Results = append(a.Results, d)
	}
	a.Summary = assessment.Summarize(a.Results)
	return a, nil
}

// ErrUnknownControl is wrapped by [Decode] when the catalogue at hand has no such number.
var ErrUnknownControl = fmt.Errorf("unknown control: %w", ErrMalformed)

func decodeResult(r *vymirv1.Result, c Control) (assessment.Result, error) {
	d := assessment.Result{
		Control: c.ID, Number: r.Control, ReasonNumber: r.Reason, Revision: c.Revision,
		Aliases: c.Aliases, Family: c.Family, Capability: c.Capability, Severity: c.Severity, Mappings: c.Mappings,
		Status: statusNames[r.Status], Verdicts: map[assessment.Half]assessment.Status{},
	}
	if s, ok := statusNames[r.Live]; ok {
		d.Verdicts[assessment.Live] = s
	}
	if s, ok := statusNames[r.Persisted]; ok {
		d.Verdicts[assessment.Persisted] = s
	}
	if r.Reason > 0 && int64(r.Reason) <= int64(len(c.Reasons)) {
		d.ReasonID = c.Reasons[r.Reason-1]
		d.Scoped = d.Status == assessment.NotApplicable && assessment.IsScoped(d.ReasonID)
	}
	if len(r.Target) > 0 {
		if err := json.Unmarshal(r.Target, &d.Target); err != nil {
			return d, fmt.Errorf("decode target of %s: %w: %w", c.ID, ErrMalformed, err)
		}
	}
	return d, nil
}
