// Package webtest fills a store with two tenants and a person for every role, for the tests of pages and API. What
// it stores has the shape of what agents send, made from the built-in catalogue of controls.
package webtest

import (
	"context"
	"fmt"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Password is that of admin-a; the others sign in by link, as hashing a password takes its time.
const Password = "measured twice, cut once"

// World is what [Fill] made.
type World struct {
	Users      map[string]string // login → id; logins as in [Logins]
	Recipients []string          // ids of tenants a and b
	Donors     []string          // ids of donor organisations a and b
	Hosts      []string          // ids; the first three are a's
	Findings   map[string]string // one open finding's id per tenant's id
}

// Logins are the people: the roles of tenant a, those of tenant b, and the ones that belong to no tenant.
var Logins = map[string]access.Grant{
	"admin-a":     {Role: access.RecipientAdmin, Recipient: "r-a"},
	"approver-a":  {Role: access.RecipientApprover, Recipient: "r-a"},
	"approver2-a": {Role: access.RecipientApprover, Recipient: "r-a"},
	"assessor-a":  {Role: access.Assessor, Recipient: "r-a"},
	"donor-a":     {Role: access.Donor, Donor: "d-a"},
	"observer-a":  {Role: access.Observer, Donor: "d-o"},
	"admin-b":     {Role: access.RecipientAdmin, Recipient: "r-b"},
	"approver-b":  {Role: access.RecipientApprover, Recipient: "r-b"},
	"approver2-b": {Role: access.RecipientApprover, Recipient: "r-b"},
	"assessor-b":  {Role: access.Assessor, Recipient: "r-b"},
	"donor-b":     {Role: access.Donor, Donor: "d-b"},
	"assessor":    {Role: access.Assessor, Recipient: access.All},
	"coordinator": {Role: access.Coordinator},
	"auditor":     {Role: access.Auditor},
}

var names = map[string]string{
	"admin-a": "Олена Коваль", "approver-a": "Ігор Бондар", "approver2-a": "Марія Шевчук", "assessor-a": "Оцінювач А", "donor-a": "Anna Berg", "observer-a": "Observer",
	"admin-b": "Тарас Мельник", "approver-b": "Приймаюча Б", "approver2-b": "Приймаючий Б", "assessor-b": "Оцінювач Б", "donor-b": "Jan Nowak",
	"assessor": "Наталія Гриценко", "coordinator": "Координатор", "auditor": "Аудитор",
}

// Fill stores the world as of now.
func Fill(ctx context.Context, st *store.Store, people *access.Service, now time.Time) (World, error) {
	w := World{Users: map[string]string{}, Recipients: []string{"r-a", "r-b"}, Donors: []string{"d-a", "d-b", "d-o"}, Findings: map[string]string{}}
	err := st.Tx(ctx, func(tx *store.Tx) error { return w.fill(tx, now) })
	if err != nil {
		return w, err
	}
	for login, g := range Logins {
		u := access.NewUser{Login: login, Name: names[login], Grants: []access.Grant{g}}
		if login == "admin-a" {
			u.Password = Password
		}
		if w.Users[login], err = people.CreateUser(ctx, "cli:test", u); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *World) fill(tx *store.Tx, now time.Time) error {
	for _, d := range []store.DonorOrg{
		{ID: "d-a", NameUK: "Країна А", NameEN: "Country A", Member: true, ShowName: true, Created: now},
		{ID: "d-b", NameUK: "Країна Б", NameEN: "Country B", Member: true, Created: now},
		{ID: "d-o", NameUK: "Спостерігач", NameEN: "Observer body", Created: now},
	} {
		if err := tx.PutDonor(d); err != nil {
			return fmt.Errorf("store donor: %w", err)
		}
	}
	for i, r := range []store.Recipient{
		{ID: "r-a", NameUK: "Водоканал міста Прикладів", NameEN: "Prykladiv Water Utility", Sector: "water", SizeBand: "250-999", Region: "UA-46", Created: now},
		{ID: "r-b", NameUK: "Зразківська громада", NameEN: "Zrazkiv Hromada", Sector: "local_government", SizeBand: "50-249", Region: "UA-32", Created: now},
	} {
		if err := tx.PutRecipient(r); err != nil {
			return fmt.Errorf("store recipient: %w", err)
		}
		site := store.Site{ID: "s-" + r.ID, RecipientID: r.ID, NameUK: "Головна будівля", NameEN: "Main building", Connectivity: "fibre", Power: "ups", Created: now}
		if err := tx.PutSite(site); err != nil {
			return fmt.Errorf("store site: %w", err)
		}
		for j := range 3 {
			if err := w.host(tx, r, site, i*3+j, now); err != nil {
				return fmt.Errorf("store host: %w", err)
			}
		}
	}
	return nil
}

// host stores one host with a result for every control; which ones fail depends on its number n alone.
func (w *World) host(tx *store.Tx, r store.Recipient, site store.Site, n int, now time.Time) error {
	cat := policies.BuiltIn()
	h := store.Host{ID: fmt.Sprintf("h-%02d", n), SPKI: fmt.Append(nil, "key of ", n), MachineDigest: fmt.Append(nil, "machine ", n), RecipientID: r.ID, SiteID: site.ID, OS: []string{"debian 12", "ubuntu 24.04", "rocky 9"}[n%3],
		Name: []string{"mail", "files", "scada-gw", "registry", "web", "backup"}[n%6], Role: "server", Kernel: "6.1.0-26-amd64", AgentVersion: "1.0.0",
		Enrolled: now.AddDate(0, -1, 0), LastSeen: now.Add(time.Duration(-n) * 26 * time.Hour), Measured: now.Add(time.Duration(-n) * 26 * time.Hour),
		CertExpires: now.AddDate(0, 0, 20), LastSequence: 40, Conflicts: uint64(n % 4), DroppedItems: uint64(n % 7), DamagedItems: uint64(n % 5), Skew: time.Duration(n%5-2) * 50 * time.Hour, BundleName: cat.Name, BundleRevision: cat.Revision}
	var results []store.Result
	for i, c := range cat.Controls {
		res := store.Result{HostID: h.ID, Control: c.ID, Severity: c.Severity, Capability: c.Capability, Since: now.AddDate(0, 0, -i), Status: assessment.Pass}
		switch (i*7 + n*3) % 5 {
		case 0, 1:
			res.Status = assessment.Fail
			h.Summary.Fail++
		case 2:
			res.Status = assessment.Unmeasured
			h.Summary.Unmeasured++
		default:
			h.Summary.Pass++
		}
		for _, half := range c.Halves {
			if half == assessment.Live {
				res.Live = res.Status
			} else {
				res.Persisted = res.Status
			}
		}
		if len(c.Reasons) > 0 {
			res.ReasonID = c.Reasons[len(c.Reasons)-1].ID
		}
		res.Target = `{"params":{"path":"/etc/example.conf","value":"yes"},"evidence":{"value":"yes"}}`
		results = append(results, res)
	}
	if err := tx.AddHost(h); err != nil {
		return err
	}
	w.Hosts = append(w.Hosts, h.ID)
	for i, res := range results {
		if err := tx.PutResult(res); err != nil {
			return err
		}
		if res.Status != assessment.Fail {
			continue
		}
		c := cat.Controls[i]
		f := store.Finding{ID: fmt.Sprintf("f-%02d-%03d", n, i), HostID: h.ID, RecipientID: r.ID, SiteID: site.ID, Control: c.ID, Family: c.Family,
			Capability: c.Capability, Severity: c.Severity, Live: res.Live, Persisted: res.Persisted, Target: res.Target, BundleName: cat.Name, BundleRevision: cat.Revision,
			Record: review.Record{State: review.Open, Status: assessment.Fail, ControlRevision: c.Revision, ReasonID: res.ReasonID, Opened: res.Since,
				LastFail: h.Measured, Measured: h.Measured, Fails: 3}}
		f.Due = review.Due(f.Severity, f.Opened)
		if err := tx.PutFinding(f); err != nil {
			return err
		}
		if err := tx.AddFindingEvent(store.FindingEvent{ID: store.NewID("e"), FindingID: f.ID, At: res.Since, Actor: "host:" + h.ID, Event: string(review.Opened)}); err != nil {
			return err
		}
		if w.Findings[r.ID] == "" {
			w.Findings[r.ID] = f.ID
		}
	}
	return nil
}
