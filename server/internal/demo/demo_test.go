package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/store"
)

var end = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func tell(t *testing.T, o Options) (Summary, Options) {
	t.Helper()
	var out bytes.Buffer
	o.State, o.Web, o.QUIC = filepath.Join(t.TempDir(), "demo"), "127.0.0.1:0", "127.0.0.1:0"
	o.Seed, o.End, o.Once, o.Lang, o.Out = 7, end, true, "uk", &out
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	s, err := ReadSummary(o.State)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), s.SignIns[0].Password) || strings.Contains(out.String(), "%!") {
		t.Errorf("the sign-ins are not told:\n%s", out.String())
	}
	return s, o
}

// TestStory tells half a year at thirteen recipients: everything that a page shows has to have happened, and before the
// history's end.
func TestStory(t *testing.T) {
	s, o := tell(t, Options{Recipients: 13, Hosts: 36, Weeks: 26})
	for state, want := range map[string]int{catalogue.Published: 9, catalogue.Draft: 1, catalogue.Withdrawn: 1, catalogue.Superseded: 1} {
		if s.Releases[state] < want {
			t.Errorf("%d releases are %s, want %d", s.Releases[state], state, want)
		}
	}
	for _, state := range []string{catalogue.Pledged, catalogue.Committed, catalogue.Delivered, catalogue.Commissioned, catalogue.Verified, catalogue.Regressed, catalogue.Cancelled} {
		if s.Pledges[state] == 0 {
			t.Errorf("no pledge is %s: %v", state, s.Pledges)
		}
	}
	if s.Hosts != 36 || s.Findings["open"] == 0 || s.Findings["closed"] == 0 || s.Reopened == 0 || s.Waivers == 0 || s.Gaps == 0 || s.Needs == 0 {
		t.Errorf("the story is thin: %+v", s)
	}
	st, err := store.Open(t.Context(), filepath.Join(o.State, "vymir.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.View(t.Context(), func(tx *store.Tx) error {
		if _, _, err := tx.VerifyAudit(); err != nil {
			t.Error(err)
		}
		hosts, err := tx.Hosts("", "", 0)
		if err != nil {
			return err
		}
		for _, h := range hosts {
			if h.LastSeen.After(end) || h.Measured.Before(h.Enrolled) || h.Protocol == "" || h.Skew != 0 {
				t.Errorf("host %s: enrolled %s, measured %s, seen %s by %q, skew %s", h.Name, h.Enrolled, h.Measured, h.LastSeen, h.Protocol, h.Skew)
			}
			if end.Sub(h.LastSeen) < 24*time.Hour && !h.CertExpires.After(end) {
				t.Errorf("host %s reports with a certificate that ended %s", h.Name, h.CertExpires)
			}
		}
		if targets, err := tx.Targets("r-demo-01"); err != nil || len(targets) != 6 {
			t.Errorf("targets: %+v, %v", targets, err)
		}
		found, err := tx.Findings(store.FindingFilter{})
		for _, f := range found {
			if f.Measured.After(end) || f.Opened.Before(end.AddDate(-1, 0, 0)) {
				t.Errorf("finding %s: opened %s, measured %s", f.Control, f.Opened, f.Measured)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	pastIsRepeatable(t, st)
	donorsReadNoSecret(t, st)
	// A finished demo is shown again as it is; what was measured is not written over.
	if err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadSummary(o.State); err != nil || cmp.Diff(s, again, cmpopts.IgnoreFields(SignIn{}, "Link")) != "" {
		t.Errorf("shown again: %v, %+v", err, again)
	}
}

// pastIsRepeatable derives a day that lies behind twice, by services that share nothing: the bytes and the run id are the
// same, and another day's are not.
func pastIsRepeatable(t *testing.T, st *store.Store) {
	t.Helper()
	reader := access.Actor{UserID: "u-reader", Grants: []access.Grant{{Role: access.Assessor, Recipient: access.All}}}
	derive := func(at time.Time) (string, catalogue.Past) {
		s, err := catalogue.New(st, func() time.Time { return end })
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Past(t.Context(), reader, "r-demo-01", at)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(b), p
	}
	day := end.AddDate(0, -2, 0)
	first, p := derive(day)
	second, q := derive(day)
	_, other := derive(day.AddDate(0, -2, 0))
	if first != second || p.Run.ID != q.Run.ID || p.Run.ID == other.Run.ID || len(p.Gaps) == 0 || len(p.Run.Needs) == 0 {
		t.Errorf("runs %s, %s and of another day %s; %d gaps; bytes equal: %v", p.Run.ID, q.Run.ID, other.Run.ID, len(p.Gaps), first == second)
	}
	s, err := catalogue.New(st, func() time.Time { return end })
	if err != nil {
		t.Fatal(err)
	}
	points, err := s.Trend(t.Context(), reader, "r-demo-01", []time.Time{end.AddDate(0, -8, 0), day, end})
	if err != nil || len(points) != 3 {
		t.Fatalf("%v, %v", points, err)
	}
	before, now := points[0], points[2]
	if before.Known != 0 || before.Open != 0 || now.Measured == 0 || now.Measured > now.Known || now.Open == 0 || points[1].Opened == 0 {
		t.Errorf("the trend is %+v", points)
	}
	if _, err := s.Past(t.Context(), reader, "", end.AddDate(0, 0, 1)); !errors.Is(err, catalogue.ErrUntil) {
		t.Errorf("tomorrow: %v", err)
	}
	stranger := access.Actor{UserID: "u-donor", Grants: []access.Grant{{Role: access.Donor, Donor: orgs[0].ID}}}
	if _, err := s.Past(t.Context(), stranger, "r-demo-01", day); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor reads the past: %v", err)
	}
}

func TestSameSeedSameStory(t *testing.T) {
	small := Options{Recipients: 3, Hosts: 8, Weeks: 16}
	a, _ := tell(t, small)
	b, _ := tell(t, small)
	if d := cmp.Diff(a, b, cmpopts.IgnoreFields(Summary{}, "Seconds", "SignIns")); d != "" {
		t.Errorf("(-first +second)\n%s", d)
	}
}

func TestForeignFolderRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "vymir.db"), []byte("measured"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Run(t.Context(), Options{State: dir, Once: true, Out: new(bytes.Buffer)})
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %v", err)
	}
}

// TestReasonsAreFound: results of the demo say why, so that its pages read like real ones.
func TestReasonsAreFound(t *testing.T) {
	controls, err := readControls()
	if err != nil {
		t.Fatal(err)
	}
	missing := 0
	for _, c := range controls {
		if len(c.pass) == 0 || len(c.fail) == 0 {
			missing++
			t.Logf("%s: pass %v, fail %v", c.ID, c.pass, c.fail)
		}
	}
	if missing > len(controls)/20 {
		t.Errorf("of %d controls %d have no reason to pass or fail", len(controls), missing)
	}
}

func TestTextsInBothLanguages(t *testing.T) {
	for key, v := range texts {
		if v.en == "" || v.uk == "" || strings.Count(v.en, "%") != strings.Count(v.uk, "%") {
			t.Errorf("%s: %q, %q", key, v.en, v.uk)
		}
	}
	for _, r := range invented {
		if r.uk == "" || r.en == "" || r.sector == "" || r.region == "" {
			t.Errorf("%+v", r)
		}
	}
}
