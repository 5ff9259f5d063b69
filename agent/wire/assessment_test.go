package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies/assessment"
)

// sample is an assessment of n controls; the same seed gives the same one.
func sample(n int, seed uint64) *assessment.Assessment {
	rnd := rand.New(rand.NewPCG(seed, 1))
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	a := &assessment.Assessment{
		Schema: assessment.Schema, MeasuredAt: at, JudgedAt: at.Add(time.Second), DurationSeconds: 0.412, Root: "/",
		Host:      assessment.Host{Name: "kvitka", OS: "debian 12", Role: "server", Kernel: "6.1.0-28-amd64"},
		Baselines: []assessment.BaselineRef{{Name: "baseline", Revision: 3}},
		Bundle:    assessment.BundleRef{Name: "vymir", Revision: 3, Digest: hex.EncodeToString(make([]byte, 32))},
		Results:   []assessment.Result{},
	}
	for i := 1; i <= n; i++ {
		c, _ := lookSample(uint32(i))
		r := assessment.Result{
			Control: c.ID, Number: uint32(i), Revision: c.Revision, Aliases: c.Aliases, Family: c.Family,
			Capability: c.Capability, Severity: c.Severity, Mappings: c.Mappings,
			Status: assessment.Pass, Verdicts: map[assessment.Half]assessment.Status{assessment.Persisted: assessment.Pass},
		}
		if i%2 == 0 {
			r.Verdicts[assessment.Live] = assessment.Pass
		}
		if rnd.IntN(4) == 0 {
			r.Status, r.Verdicts[assessment.Persisted] = assessment.Fail, assessment.Fail
			r.ReasonNumber, r.ReasonID = 1, "wrong"
		}
		a.Results = append(a.Results, r)
	}
	a.Summary = assessment.Summarize(a.Results)
	return a
}

func lookSample(n uint32) (Control, bool) {
	return Control{
		ID: fmt.Sprintf("family%d.control%d", n%7, n), Revision: 1, Family: fmt.Sprintf("family%d", n%7),
		Capability: "identity", Severity: assessment.High, Reasons: []string{"wrong", "absent"},
		Mappings: map[string][]string{"cis8": {"5.4"}},
	}, n > 0 && n < 5000
}

func TestEncodeDecodeRoundTrip(t *testing.T) {
	want := sample(150, 1)
	want.Results[3].Target = assessment.Target{Evidence: map[string]any{"path": "/etc/ssh/sshd_config"}, Params: map[string]any{"value": "yes"}}
	m, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(m, lookSample)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("decoded assessment differs (-want +got):\n%s", d)
	}
}

func TestEncodeIsDeterministicAndSorted(t *testing.T) {
	a, b := sample(50, 1), sample(50, 1)
	for i, j := 0, len(b.Results)-1; i < j; i, j = i+1, j-1 {
		b.Results[i], b.Results[j] = b.Results[j], b.Results[i]
	}
	for range 20 {
		ma, errA := Encode(a)
		mb, errB := Encode(b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		da, _ := Digest(ma)
		db, _ := Digest(mb)
		if d := cmp.Diff(da, db); d != "" {
			t.Fatalf("digest depends on the order of results:\n%s", d)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*assessment.Assessment)
		want   error
	}{
		"no-number":     {func(a *assessment.Assessment) { a.Results[0].Number = 0 }, ErrMalformed},
		"number-twice":  {func(a *assessment.Assessment) { a.Results[0].Number = 2 }, ErrMalformed},
		"odd-status":    {func(a *assessment.Assessment) { a.Results[0].Status = "maybe" }, ErrMalformed},
		"long-name":     {func(a *assessment.Assessment) { a.Host.Name = strings.Repeat("x", 300) }, ErrTooLarge},
		"many-results":  {func(a *assessment.Assessment) { *a = *sample(MaxResults+1, 1) }, ErrTooLarge},
		"digest-no-hex": {func(a *assessment.Assessment) { a.Bundle.Digest = "zz" }, hex.InvalidByteError('z')},
	} {
		t.Run(name, func(t *testing.T) {
			a := sample(5, 1)
			tc.change(a)
			if _, err := Encode(a); !errors.Is(err, tc.want) {
				t.Errorf("error is %v, want %v", err, tc.want)
			}
		})
	}
}

func TestEncodeReplacesHugeTarget(t *testing.T) {
	a := sample(1, 1)
	a.Results[0].Target.Evidence = map[string]any{"list": strings.Repeat("x", MaxTargetBytes)}
	m, err := Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.Results[0].Target); !strings.Contains(got, "too large") || len(got) > 100 {
		t.Errorf("target is %q", got)
	}
}

func TestDecodeUnknownControl(t *testing.T) {
	m, err := Encode(sample(5, 1))
	if err != nil {
		t.Fatal(err)
	}
	m.Results[4].Control = 9999
	if _, err := Decode(m, lookSample); !errors.Is(err, ErrUnknownControl) {
		t.Errorf("error is %v, want ErrUnknownControl", err)
	}
}

func TestDiffApply(t *testing.T) {
	base, _ := Encode(sample(150, 1))
	for name, change := range map[string]func(*vymirv1.Assessment){
		"unchanged":       func(*vymirv1.Assessment) {},
		"later":           func(m *vymirv1.Assessment) { m.MeasuredMs += 86_400_000; m.JudgedMs += 86_400_000 },
		"one-fails":       func(m *vymirv1.Assessment) { m.Results[7].Status = vymirv1.Status_STATUS_FAIL },
		"one-gone":        func(m *vymirv1.Assessment) { m.Results = append(m.Results[:3:3], m.Results[4:]...) },
		"one-new":         func(m *vymirv1.Assessment) { m.Results = append(m.Results, &vymirv1.Result{Control: 200, Status: 1}) },
		"other-bundle":    func(m *vymirv1.Assessment) { m.BundleRevision, m.BundleDigest = 4, []byte{1, 2} },
		"other-baselines": func(m *vymirv1.Assessment) { m.Baselines = append(m.Baselines, &vymirv1.Baseline{Name: "x"}) },
		"other-host":      func(m *vymirv1.Assessment) { m.Host.Name = "" },
		"clock-set":       func(m *vymirv1.Assessment) { m.ClockSet = true; m.DurationMs = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			next := proto.CloneOf(base)
			change(next)
			d, ok := Diff(base, next, 7)
			if !ok {
				t.Fatal("no delta")
			}
			got, err := Apply(base, d)
			if err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, next) {
				t.Errorf("applied delta gives\n%v\nwant\n%v", got, next)
			}
		})
	}
}

func TestDiffGivesUpWhereADeltaCannotSay(t *testing.T) {
	base, _ := Encode(sample(5, 1))
	for name, change := range map[string]func(*vymirv1.Assessment){
		"no-baselines": func(m *vymirv1.Assessment) { m.Baselines = nil },
		"no-digest":    func(m *vymirv1.Assessment) { m.BundleDigest = nil },
		"no-host":      func(m *vymirv1.Assessment) { m.Host = nil },
	} {
		t.Run(name, func(t *testing.T) {
			next := proto.CloneOf(base)
			change(next)
			if d, ok := Diff(base, next, 7); ok {
				t.Errorf("delta %v", d)
			}
		})
	}
}

func TestApplyOtherBase(t *testing.T) {
	base, _ := Encode(sample(10, 1))
	other, _ := Encode(sample(10, 2))
	d, _ := Diff(base, base, 1)
	for _, b := range []*vymirv1.Assessment{nil, other} {
		if _, err := Apply(b, d); !errors.Is(err, ErrBase) {
			t.Errorf("error is %v, want ErrBase", err)
		}
	}
	if _, err := Apply(base, &vymirv1.Delta{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("empty delta: error is %v, want ErrMalformed", err)
	}
}

// TestSizes holds the budget of house.md section 5 for the payload of a check-in.
func TestSizes(t *testing.T) {
	base, _ := Encode(sample(150, 1))
	next := proto.CloneOf(base)
	next.MeasuredMs += 86_400_000
	next.JudgedMs += 86_400_000
	d, ok := Diff(base, next, 400)
	if !ok {
		t.Fatal("no delta")
	}
	request := func(it *vymirv1.Item) int {
		it.Sequence, it.CreatedMs = 401, next.JudgedMs
		b, _ := Marshal(&vymirv1.CheckInRequest{WireVersion: Version, Items: []*vymirv1.Item{it}, NowMs: next.JudgedMs,
			Meter: &vymirv1.Meter{SentBytesMonth: 3_000_000, ReceivedBytesMonth: 2_000_000}, AgentVersion: "0.1.0", BundleRevision: 3})
		z, err := Compress(b)
		if err != nil {
			t.Fatal(err)
		}
		return min(len(b), len(z))
	}
	full := request(&vymirv1.Item{Body: &vymirv1.Item_Assessment{Assessment: next}})
	night := request(&vymirv1.Item{Body: &vymirv1.Item_Delta{Delta: d}})
	t.Logf("full assessment of 150 controls: %d B; unchanged night: %d B", full, night)
	if full > 2200 || night > 150 {
		t.Errorf("full %d B (budget 2,200), unchanged night %d B (budget 150)", full, night)
	}
}

func TestCheckItem(t *testing.T) {
	ok, _ := Encode(sample(3, 1))
	for name, tc := range map[string]struct {
		item *vymirv1.Item
		want error
	}{
		"good":        {&vymirv1.Item{Sequence: 1, Body: &vymirv1.Item_Assessment{Assessment: ok}}, nil},
		"facts":       {&vymirv1.Item{Sequence: 1, Body: &vymirv1.Item_Facts{}}, nil},
		"no-sequence": {&vymirv1.Item{Body: &vymirv1.Item_Facts{}}, ErrMalformed},
		"no-body":     {&vymirv1.Item{Sequence: 1}, ErrMalformed},
		"nil":         {nil, ErrMalformed},
		"empty-delta": {&vymirv1.Item{Sequence: 1, Body: &vymirv1.Item_Delta{}}, ErrMalformed},
		"huge":        {&vymirv1.Item{Sequence: 1, Body: &vymirv1.Item_Facts{Facts: make([]byte, MaxItemBytes)}}, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if err := CheckItem(tc.item); !errors.Is(err, tc.want) {
				t.Errorf("error is %v, want %v", err, tc.want)
			}
		})
	}
}

func BenchmarkEncodeFull(b *testing.B) {
	a := sample(150, 1)
	for b.Loop() {
		m, err := Encode(a)
		if err != nil {
			b.Fatal(err)
		}
		raw, _ := Marshal(m)
		if _, err := Compress(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiffApplyUnchanged(b *testing.B) {
	base, _ := Encode(sample(150, 1))
	for b.Loop() {
		d, ok := Diff(base, base, 1)
		if !ok {
			b.Fatal("no delta")
		}
		if _, err := Apply(base, d); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSameResultLooksAtEveryField changes each field of a result in turn, those of later versions of the format included.
func TestSameResultLooksAtEveryField(t *testing.T) {
	r := &vymirv1.Result{Control: 7, Status: 2, Live: 2, Persisted: 1, Reason: 3, Target: []byte("{}")}
	if !SameResult(r, proto.CloneOf(r)) {
		t.Error("a copy is not the same")
	}
	fields := r.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		other := proto.CloneOf(r)
		other.ProtoReflect().Clear(fields.Get(i))
		if SameResult(r, other) {
			t.Errorf("field %s is not looked at", fields.Get(i).Name())
		}
	}
	newer := proto.CloneOf(r)
	newer.ProtoReflect().SetUnknown([]byte{0x38, 1})
	if SameResult(r, newer) {
		t.Error("a field that this version does not know is not looked at")
	}
}
