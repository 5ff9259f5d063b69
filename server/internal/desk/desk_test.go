package desk

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// twoTenants fills a store with recipients a and b, each with one site, two hosts and a finding on each host.
func twoTenants(t *testing.T, st *store.Store) {
	t.Helper()
	err := st.Tx(t.Context(), func(tx *store.Tx) error {
		for _, r := range []string{"a", "b"} {
			if err := tx.PutRecipient(store.Recipient{ID: r, NameUK: r, NameEN: r, Created: storetest.Now}); err != nil {
				return err
			}
			if err := tx.PutSite(store.Site{ID: "s-" + r, RecipientID: r, Created: storetest.Now}); err != nil {
				return err
			}
			for i := range 2 {
				h := fmt.Sprintf("h-%s%d", r, i)
				if err := tx.AddHost(store.Host{ID: h, RecipientID: r, SiteID: "s-" + r, Name: h, SPKI: []byte(h), Enrolled: storetest.Now}); err != nil {
					return err
				}
				f := store.Finding{ID: fmt.Sprintf("f-%s%d", r, i), HostID: h, RecipientID: r, SiteID: "s-" + r, Control: "ssh.root_login",
					Family: "ssh", Capability: "identity", Severity: assessment.High,
					Record: review.Record{State: review.Open, Status: assessment.Fail, Opened: storetest.Now.Add(time.Duration(-i) * time.Hour), LastFail: storetest.Now}}
				if err := tx.PutFinding(f); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func person(role access.Role, recipient string) access.Actor {
	return access.Actor{UserID: "u-" + string(role), Grants: []access.Grant{{Role: role, Recipient: recipient}}}
}

func TestTenancy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		twoTenants(t, st)
		d := New(st, func() time.Time { return storetest.Now })
		both := access.Actor{UserID: "u", Grants: []access.Grant{{Role: access.RecipientAdmin, Recipient: "b"}, {Role: access.RecipientAdmin, Recipient: "a"}}}
		for name, tc := range map[string]struct {
			actor access.Actor
			want  string // hosts seen
		}{
			"admin_a":       {person(access.RecipientAdmin, "a"), "h-a0 h-a1 "},
			"assessor":      {person(access.Assessor, access.All), "h-a0 h-a1 h-b0 h-b1 "},
			"assessor_of_b": {person(access.Assessor, "b"), "h-b0 h-b1 "},
			"both":          {both, "h-a0 h-a1 h-b0 h-b1 "},
			"approver":      {person(access.RecipientApprover, "a"), ""},
			"donor":         {access.Actor{UserID: "u", Grants: []access.Grant{{Role: access.Donor, Donor: "a"}}}, ""},
			"nobody":        {access.Actor{}, ""},
		} {
			hosts, err := d.Hosts(t.Context(), tc.actor, HostFilter{Recipient: ""})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, h := range hosts {
				got += h.ID + " "
				if _, err := d.Host(t.Context(), tc.actor, h.ID); err != nil {
					t.Errorf("%s: listed host %s: %v", name, h.ID, err)
				}
			}
			if got != tc.want {
				t.Errorf("%s: got %q, want %q", name, got, tc.want)
			}
			findings, err := d.Findings(t.Context(), tc.actor, store.FindingFilter{})
			if err != nil || len(findings) != len(hosts) {
				t.Errorf("%s: %d findings on %d hosts, %v", name, len(findings), len(hosts), err)
			}
		}
		a := person(access.RecipientAdmin, "a")
		for name, try := range map[string]func() error{
			"host":       func() error { _, err := d.Host(t.Context(), a, "h-b0"); return err },
			"no_host":    func() error { _, err := d.Host(t.Context(), a, "h-none"); return err },
			"finding":    func() error { _, err := d.Finding(t.Context(), a, "f-b0"); return err },
			"hosts_of_b": func() error { _, err := d.Hosts(t.Context(), a, HostFilter{Recipient: "b"}); return err },
			"findings":   func() error { _, err := d.Findings(t.Context(), a, store.FindingFilter{Recipient: "b"}); return err },
			"decide":     func() error { return d.Decide(t.Context(), a, "f-b0", review.Confirmed, "", time.Time{}) },
		} {
			if err := try(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of b: got %v, want not found", name, err)
			}
		}
		if err := d.Decide(t.Context(), a, "f-a0", review.Confirmed, "", time.Time{}); !errors.Is(err, ErrForbidden) {
			t.Errorf("an administrator decides: %v", err)
		}
	})
}

func TestPagesJoin(t *testing.T) {
	st := storetest.New(t)
	twoTenants(t, st)
	d := New(st, nil)
	both := access.Actor{UserID: "u", Grants: []access.Grant{{Role: access.RecipientAdmin, Recipient: "b"}, {Role: access.RecipientAdmin, Recipient: "a"}}}
	var got []string
	f := store.FindingFilter{Limit: 1}
	for range 10 {
		page, err := d.Findings(t.Context(), both, f)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		last := page[len(page)-1]
		got = append(got, last.ID)
		f.After = &store.FindingCursor{Severity: last.Severity, Opened: last.Opened, ID: last.ID}
	}
	if fmt.Sprint(got) != "[f-a1 f-b1 f-a0 f-b0]" {
		t.Errorf("pages: %v", got)
	}
}

func TestReview(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		twoTenants(t, st)
		d := New(st, func() time.Time { return storetest.Now })
		a := person(access.Assessor, access.All)
		if err := d.Decide(t.Context(), a, "f-a0", review.Accepted, "старий верстат", storetest.Now.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
		if err := d.Comment(t.Context(), a, "f-a0", "переглянути навесні"); err != nil {
			t.Fatal(err)
		}
		if err := d.Assign(t.Context(), a, "f-a0", a.UserID); err != nil {
			t.Fatal(err)
		}
		if err := d.Comment(t.Context(), a, "f-a0", "  "); !errors.Is(err, ErrText) {
			t.Errorf("empty comment: %v", err)
		}
		if err := d.Decide(t.Context(), a, "f-a1", review.Accepted, "x", time.Time{}); !errors.Is(err, review.ErrUntilMissing) {
			t.Errorf("waiver without end: %v", err)
		}
		v, err := d.Finding(t.Context(), a, "f-a0")
		if err != nil || v.Finding.Decision != review.Accepted || v.Finding.Assignee != a.UserID || len(v.Events) != 3 {
			t.Errorf("after: %+v %v", v, err)
		}
		work, err := d.Work(t.Context(), person(access.RecipientAdmin, "a"), 10, 5)
		if err != nil {
			t.Fatal(err)
		}
		if len(work.Tasks) != 1 || work.Tasks[0].Hosts != 1 || len(work.Tasks[0].Findings) != 1 || work.Open != 1 {
			t.Errorf("a waived finding counts as a task: %+v", work)
		}
		trail, err := d.AuditEntries(t.Context(), access.Actor{UserID: "u", Grants: []access.Grant{{Role: access.Auditor}}}, 0, 0)
		if err != nil || len(trail) != 3 || trail[0].Action != "finding.accepted" || trail[1].Detail != "" {
			t.Errorf("trail: %+v %v", trail, err)
		}
		if _, err := d.AuditEntries(t.Context(), a, 0, 0); !errors.Is(err, ErrForbidden) {
			t.Errorf("an assessor reads the trail: %v", err)
		}
	})
}
