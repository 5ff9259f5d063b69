package catalogue

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// planted is how many places of the store hold a canary, see plant.
var planted int

// plant fills every internal text of a recipient with canaries made from tag: names of hosts and sites, addresses,
// users, versions, paths, reasons, notes, evidence, even controls. Each holds the word "canary".
func plant(w *world, r, tag string) (words []string) {
	w.t.Helper()
	n := 0
	canary := func(kind string) string {
		n++
		c := fmt.Sprintf("canary%s%d%s", kind, n, tag)
		words = append(words, c)
		return c
	}
	w.tx(func(tx *store.Tx) error {
		if err := tx.PutSite(store.Site{ID: canary("site"), RecipientID: r, NameUK: canary("siteuk"), NameEN: canary("siteen"), Region: canary("region"),
			Connectivity: canary("link"), Power: canary("power"), Created: w.now}); err != nil {
			return err
		}
		site := words[0]
		for range 3 {
			h := store.Host{
				ID: canary("host"), RecipientID: r, SiteID: site, TokenID: canary("token"), Name: canary("hostname"), OS: canary("os"), Role: canary("role"),
				Kernel: canary("kernel"), AgentVersion: canary("version"), SPKI: []byte(canary("key")), MachineDigest: []byte(canary("machine")),
				CertSerial: canary("serial"), Measured: w.now, Enrolled: w.now, BundleName: canary("bundle"),
			}
			if err := tx.AddHost(h); err != nil {
				return err
			}
			for _, c := range []string{"continuity.backup_recent", canary("family") + "." + canary("control")} {
				target := fmt.Sprintf(`{"evidence":{"path":%q,"user":%q,"cve":%q}}`, canary("path"), canary("user"), canary("cve"))
				f := store.Finding{
					ID: canary("finding"), HostID: h.ID, RecipientID: r, SiteID: site, Control: c, Family: canary("family"), Capability: "backup",
					Severity: assessment.Medium, Target: target, Assignee: canary("assignee"), BundleName: h.BundleName,
				}
				f.Record, _ = review.Observe(f.Record, review.Observation{Status: assessment.Fail, ReasonID: canary("reason"), Measured: w.now})
				f.Record.Decision, f.Record.Reason, f.Record.DecidedBy = review.Confirmed, canary("why"), canary("assessor")
				if err := errors.Join(
					tx.PutResult(store.Result{HostID: h.ID, Control: c, Status: assessment.Fail, Severity: assessment.Medium, Capability: "backup",
						ReasonID: f.ReasonID, Target: target, Since: w.now}),
					tx.PutFinding(f),
					tx.AddFindingEvent(store.FindingEvent{ID: canary("event"), FindingID: f.ID, At: w.now, Actor: canary("actor"), Event: "comment", Detail: canary("comment")}),
				); err != nil {
					return err
				}
			}
		}
		return tx.PutProfile(store.Profile{RecipientID: r, Criticality: "2", Users: 10, Admins: 2, Changed: w.now, ChangedBy: canary("profile")})
	})
	planted += n
	return words
}

// checkCanaries plants, runs the whole loop at a level and looks for a canary in every byte that a donor, an observer
// or somebody without rights receives. It returns how many bytes were searched.
func checkCanaries(t *testing.T, tag string, level Level, step int) int {
	st := storetest.New(t)
	if err := st.Hasten(t.Context(), true); err != nil { // fuzzing gives an input ten seconds, and the disk may be busy
		t.Fatal(err)
	}
	w := newWorld(t, st)
	words := plant(w, "r-0", tag)
	hostName := words[slices.IndexFunc(words, func(s string) bool { return strings.HasPrefix(s, "canaryhostname") })]
	secretAdmin, first, second := admin("r-0"), approver("r-0", 1), approver("r-0", 2)
	secretAdmin.UserID, first.UserID, second.UserID = "canaryadmin"+tag, "canaryfirst"+tag, "canarysecond"+tag
	secretAdmin.Name, secretAdmin.Login = "canaryname"+tag, "canarylogin"+tag
	var bytesSeen int
	see := func(what string, v any) {
		t.Helper()
		var data []byte
		switch v := v.(type) {
		case error:
			data = []byte(v.Error())
		case string:
			data = []byte(v)
		case []byte:
			data = v
		default:
			var err error
			if data, err = json.Marshal(v); err != nil {
				t.Fatal(err)
			}
		}
		bytesSeen += len(data)
		low := bytes.ToLower(data)
		if i := bytes.Index(low, []byte("canary")); i >= 0 {
			t.Fatalf("level %d: %s holds a canary: %s", level, what, data[i:min(i+80, len(data))])
		}
		if level < Named {
			for _, name := range []string{"Лікарня №0", "Hospital 0", `"r-0"`, "s-r-0"} {
				if bytes.Contains(data, []byte(name)) {
					t.Fatalf("level %d: %s holds the recipient's name", level, what)
				}
			}
		}
	}
	ctx := t.Context()
	wish := w.wish("r-0", level, "d-a", "d-b", "d-obs")
	why := "canaryjustification" + tag
	if _, err := w.s.OwnFigures(ctx, secretAdmin, "r-0", need.Own{Need: wish.Needs[0], Quantity: 4, Why: remedies.Text{"uk": why, "en": why}}); err != nil {
		t.Fatal(err)
	}
	if level >= Named { // one part of a project whose other recipient has not approved
		p, code, err := w.s.NewProject(ctx, secretAdmin, Project{Lead: "r-0", Title: projectTitle})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.JoinProject(ctx, admin("r-1"), "r-1", code); err != nil {
			t.Fatal(err)
		}
		wish.Project = p.ID
	}
	r, err := w.s.Draft(ctx, secretAdmin, wish)
	if err != nil {
		t.Fatal(err)
	}
	// A text with a canary host name is refused, and the refusal does not repeat it.
	spy := wish
	spy.Purpose = remedies.Text{"uk": "Для " + hostName + "!", "en": "x"}
	if _, err := w.s.Draft(ctx, secretAdmin, spy); err == nil {
		t.Fatal("a host name passed the screen")
	} else {
		see("screen error", err)
	}
	for _, a := range []access.Actor{first, second} {
		if _, err := w.s.Approve(ctx, a, r.ID, r.Digest); err != nil {
			t.Fatal(err)
		}
	}
	look := func() {
		for _, a := range []access.Actor{donorA, donorB, observer} {
			for _, channel := range []string{Page, API, File} {
				list, err := w.s.Entries(ctx, a, channel, Filter{})
				if err != nil {
					t.Fatal(err)
				}
				see("entries", list)
				for _, e := range list {
					one, err := w.s.Entry(ctx, a, channel, e.Ref)
					if err != nil {
						t.Fatal(err)
					}
					see("entry", one)
					see("text uk", one.Plain("uk"))
					see("text en", one.Plain("en"))
				}
				for _, lang := range remedies.Langs {
					var buf bytes.Buffer
					if err := WriteCSV(&buf, list, lang); err != nil {
						t.Fatal(err)
					}
					see("csv", buf.Bytes())
					var plan bytes.Buffer
					if err := WritePOAM(&plan, list, lang, w.now); err != nil && !errors.Is(err, ErrNothing) {
						t.Fatal(err)
					}
					see("oscal", plan.Bytes())
				}
				var report bytes.Buffer
				reporter := Reporter{Ref: "XM-EXAMPLE-1", Type: "10", Name: remedies.Text{"uk": "Донор", "en": "Donor"}}
				if err := WriteIATI(&report, list, reporter, w.now); err != nil && !errors.Is(err, ErrNothing) {
					t.Fatal(err)
				}
				see("iati", report.Bytes())
				var form bytes.Buffer
				for _, e := range list {
					if err := WriteSubmission(&form, []DonorNeed{e.DonorNeed}, []string{e.Ref}, w.now); err != nil {
						t.Fatal(err)
					}
				}
				see("form", form.Bytes())
				if joint, err := w.s.JointEntries(ctx, a, channel); err != nil {
					t.Fatal(err)
				} else {
					see("joint entries", joint)
				}
				if set, err := w.s.BestSet(ctx, a, channel, BudgetWish{EUR: 1e6}); err != nil {
					t.Fatal(err)
				} else {
					see("best set", set)
				}
			}
			own, err := w.s.OwnPledges(ctx, a)
			if err != nil {
				t.Fatal(err)
			}
			see("own pledges", own)
			gone, err := w.s.Withdrawals(ctx, a)
			if err != nil {
				t.Fatal(err)
			}
			see("withdrawals", gone)
		}
	}
	look()
	if level > TotalsOnly {
		ref := w.entries(donorA)[0].Ref
		if level == Anonymous {
			see("reference", ref)
		}
		list, seen, err := w.s.Overlaps(ctx, donorA, ref, Offer{Quantity: 1})
		if err != nil {
			t.Fatal(err)
		}
		see("overlaps", list)
		p, err := w.s.Pledge(ctx, donorA, ref, Offer{Quantity: 1, Seen: seen})
		if err != nil {
			t.Fatal(err)
		}
		see("pledge", p)
		list, _, err = w.s.Overlaps(ctx, donorB, w.entries(donorB)[0].Ref, Offer{Quantity: 1})
		if err != nil {
			t.Fatal(err)
		}
		see("overlaps", list)
		steps := []func() error{
			func() error { return w.s.Commit(ctx, donorA, p.ID) },
			func() error { return w.s.Deliver(ctx, donorA, p.ID, 1) },
			func() error { return w.s.Commission(ctx, secretAdmin, p.ID) },
			func() error { _, err := w.s.Measure(ctx); return err },
		}
		for _, f := range steps[:1+step%len(steps)] {
			if err := f(); err != nil {
				t.Fatal(err)
			}
			look()
		}
		// Everything a donor is refused.
		for what, err := range map[string]error{
			"approve": second2(w.s.Approve(ctx, donorA, r.ID, r.Digest)), "withdraw": w.s.Withdraw(ctx, donorA, r.ID, ""),
			"release": second2(w.s.Release(ctx, donorA, r.ID)), "ledger": second2(w.s.Reads(ctx, donorA, "r-0")),
			"gaps": second2(w.s.Gaps(ctx, donorA, "r-0")), "needs": second2(w.s.Needs(ctx, donorA, "r-0")),
			"effects": second2(w.s.Effects(ctx, donorA, "r-0")), "pledges": second2(w.s.Pledges(ctx, donorA, "r-0")),
			"commission": w.s.Commission(ctx, donorA, p.ID), "foreign_entry": second2(w.s.Entry(ctx, donorA, Page, r.ID)),
			"observer_pledge": second2(w.s.Pledge(ctx, observer, ref, Offer{Quantity: 1})),
		} {
			if err == nil {
				t.Fatalf("a donor may %s", what)
			}
			see("refused "+what, err)
		}
	}
	for i := 1; i < recipients; i++ {
		w.publish(w.wish(fmt.Sprint("r-", i), TotalsOnly, "d-a"))
	}
	if _, err := w.s.Freeze(ctx, coordinator); err != nil {
		t.Fatal(err)
	}
	totals, err := w.s.Totals(ctx, donorB)
	if err != nil {
		t.Fatal(err)
	}
	see("totals", totals)
	w.now = w.now.Add(time.Hour)
	if err := w.s.Withdraw(ctx, secretAdmin, r.ID, "canarywithdrawal"+tag); err != nil {
		t.Fatal(err)
	}
	look()
	return bytesSeen
}

// second2 keeps the error of a call that also answers a value; the value of a refused call is searched by nobody.
func second2[T any](_ T, err error) error { return err }

// TestCanaries runs the loop at every level and every step of a pledge.
func TestCanaries(t *testing.T) {
	total := 0
	for level := TotalsOnly; level <= Reasoned; level++ {
		for step := range 4 {
			total += checkCanaries(t, strings.ToLower(fmt.Sprint("q", step)), level, step)
		}
	}
	t.Logf("%d canaries planted, %d bytes for donors searched, none found", planted, total)
}

// FuzzCanaries does the same with names that fuzzing makes up.
func FuzzCanaries(f *testing.F) {
	for level := range 4 {
		f.Add([]byte("seed"), uint8(level), uint8(level))
	}
	f.Fuzz(func(t *testing.T, tag []byte, level, step uint8) {
		if len(tag) > 64 {
			t.Skip("longer than a name")
		}
		// Names are letters and digits; what fuzzing gives is made one, unique by its length.
		name := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(binary.AppendUvarint(tag, uint64(len(tag)))))
		checkCanaries(t, name, Level(level%4), int(step))
	})
}
