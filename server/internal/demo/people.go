package demo

import (
	"context"
	"fmt"
	"strings"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// by is the actor of what an operator would do from the command line.
const by = "cli:demo"

// SignIn is one way to look at the demo.
type SignIn struct {
	Role     access.Role `json:"role"`
	Name     string      `json:"name"`
	Login    string      `json:"login"`
	Password string      `json:"password"`
	Link     string      `json:"link"` // works once, within a day
}

// orgs are the donor organisations; the last one observes.
var orgs = []store.DonorOrg{
	{ID: "d-demo-a", NameUK: "Північна країна (вигадана)", NameEN: "Northland (fictitious)", Member: true, ShowName: true},
	{ID: "d-demo-b", NameUK: "Приморська країна (вигадана)", NameEN: "Seaside Republic (fictitious)", Member: true},
	{ID: "d-demo-c", NameUK: "Альпійська країна (вигадана)", NameEN: "Alpine Union (fictitious)", Member: true, ShowName: true},
	{ID: "d-demo-o", NameUK: "Міжнародна організація (вигадана)", NameEN: "International body (fictitious)"},
}

// cast are the people of the story who belong to no recipient.
type cast struct {
	assessor, coordinator access.Actor
	donors                []access.Actor // as orgs
}

// person makes a user and returns them as an actor. With a password they can sign in by it.
func (d *demo) person(ctx context.Context, login, name, password string, g access.Grant) (access.Actor, error) {
	id, err := d.server.Access.CreateUser(ctx, by, access.NewUser{Login: login, Name: name, Password: password, Grants: []access.Grant{g}})
	if err != nil {
		return access.Actor{}, fmt.Errorf("make user %s: %w", login, err)
	}
	if password != "" {
		d.signIns = append(d.signIns, SignIn{Role: g.Role, Name: name, Login: login, Password: password})
	}
	return access.Actor{UserID: id, Login: login, Name: name, Grants: []access.Grant{g}}, nil
}

// people makes donor organisations and everybody who belongs to no recipient.
func (d *demo) people(ctx context.Context) error {
	for _, o := range orgs {
		if _, err := d.server.AddDonor(ctx, o, by); err != nil {
			return fmt.Errorf("make donor: %w", err)
		}
	}
	var err error
	if d.cast.assessor, err = d.person(ctx, "assessor", "Наталія Гриценко", d.password, access.Grant{Role: access.Assessor, Recipient: access.All}); err != nil {
		return err
	}
	if d.cast.coordinator, err = d.person(ctx, "coordinator", "Тарас Мельник", d.password, access.Grant{Role: access.Coordinator}); err != nil {
		return err
	}
	if _, err = d.person(ctx, "auditor", "Оксана Лисенко", d.password, access.Grant{Role: access.Auditor}); err != nil {
		return err
	}
	names := []string{"Anna Berg", "Paolo Marini", "Eva Huber", "Jo Smith"}
	for i, o := range orgs {
		login, role := "donor-"+o.ID[len(o.ID)-1:], access.Donor
		if !o.Member {
			login, role = "observer", access.Observer
		}
		a, err := d.person(ctx, login, names[i], d.password, access.Grant{Role: role, Donor: o.ID})
		if err != nil {
			return err
		}
		d.cast.donors = append(d.cast.donors, a)
	}
	return nil
}

var firstNames = []string{"Олена", "Ігор", "Марія", "Андрій", "Ірина", "Сергій", "Юлія", "Петро", "Ганна", "Богдан"}
var lastNames = []string{"Коваль", "Бондар", "Шевчук", "Ткаченко", "Гончар", "Кравець", "Савчук", "Поліщук", "Мороз", "Левчук", "Дяченко"}

// join makes a recipient with its sites, its people and what it says of itself.
func (d *demo) join(ctx context.Context, n int, r *recipient) error {
	if _, err := d.server.AddRecipient(ctx, r.record(), by); err != nil {
		return fmt.Errorf("make recipient: %w", err)
	}
	for _, s := range r.places() {
		if _, err := d.server.AddSite(ctx, s, by); err != nil {
			return fmt.Errorf("make site: %w", err)
		}
		r.sites = append(r.sites, s.ID)
	}
	short, password := fmt.Sprintf("%02d", n+1), ""
	if n == 0 {
		password = d.password
	}
	name := func(i int) string {
		return firstNames[(n*3+i)%len(firstNames)] + " " + lastNames[(n*5+i*4)%len(lastNames)]
	}
	var err error
	if r.admin, err = d.person(ctx, "admin-"+short, name(0), password, access.Grant{Role: access.RecipientAdmin, Recipient: r.id}); err != nil {
		return err
	}
	for i := range r.approvers {
		login := "approver-" + short + strings.Repeat("-second", i)
		if r.approvers[i], err = d.person(ctx, login, name(i+1), password, access.Grant{Role: access.RecipientApprover, Recipient: r.id}); err != nil {
			return err
		}
	}
	return d.server.Needs.PutProfile(ctx, r.admin, store.Profile{RecipientID: r.id, Criticality: r.criticality, Users: r.users, Admins: r.admins})
}
