package store

import "time"

// Recipient is an institution: the tenant.
type Recipient struct {
	ID       string
	NameUK   string
	NameEN   string
	Sector   string // "health", "energy", "local_government" ...; "": not said
	SizeBand string // "1-49", "50-249", "250-999", "1000+"; "": not said
	Region   string // ISO 3166-2 of the oblast, "UA-46"; "": not said
	Created  time.Time
}

// Name returns the name in lang, or in the other language when there is none.
func (r Recipient) Name(lang string) string { return pick(lang, r.NameUK, r.NameEN) }

func pick(lang, uk, en string) string {
	if (lang == "en" && en != "") || uk == "" {
		return en
	}
	return uk
}

// Site is a place of a recipient.
type Site struct {
	ID           string
	RecipientID  string
	NameUK       string
	NameEN       string
	Region       string // "": the recipient's
	Connectivity string // fibre, mobile, starlink, other; "": not said
	Power        string // grid, ups, generator, ups_generator; "": not said
	Created      time.Time
}

// Name returns the name in lang, or in the other language when there is none.
func (s Site) Name(lang string) string { return pick(lang, s.NameUK, s.NameEN) }

const recipientColumns = `id, name_uk, name_en, sector, size_band, region, created_ms`

func scanRecipient(r scanner) (v Recipient, err error) {
	err = r.Scan(&v.ID, &v.NameUK, &v.NameEN, &v.Sector, &v.SizeBand, &v.Region, moment{&v.Created})
	return v, err
}

// PutRecipient creates a recipient or changes all of it but its time of creation.
func (t *Tx) PutRecipient(v Recipient) error {
	_, err := t.exec(`INSERT INTO recipients (`+recipientColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name_uk = excluded.name_uk, name_en = excluded.name_en,
		sector = excluded.sector, size_band = excluded.size_band, region = excluded.region`,
		v.ID, v.NameUK, v.NameEN, v.Sector, v.SizeBand, v.Region, MS(v.Created))
	return err
}

// Recipient reads one recipient.
func (t *Tx) Recipient(id string) (Recipient, error) {
	return one(t, scanRecipient, `SELECT `+recipientColumns+` FROM recipients WHERE id = ?`, id)
}

// Recipients lists all recipients by id.
func (t *Tx) Recipients() ([]Recipient, error) {
	return many(t, scanRecipient, `SELECT `+recipientColumns+` FROM recipients ORDER BY id`)
}

const siteColumns = `id, recipient_id, name_uk, name_en, region, connectivity, power, created_ms`

func scanSite(r scanner) (v Site, err error) {
	err = r.Scan(&v.ID, &v.RecipientID, &v.NameUK, &v.NameEN, &v.Region, &v.Connectivity, &v.Power, moment{&v.Created})
	return v, err
}

// PutSite creates a site or changes it; its recipient and time of creation never change.
func (t *Tx) PutSite(v Site) error {
	_, err := t.exec(`INSERT INTO sites (`+siteColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name_uk = excluded.name_uk, name_en = excluded.name_en,
		region = excluded.region, connectivity = excluded.connectivity, power = excluded.power`,
		v.ID, v.RecipientID, v.NameUK, v.NameEN, v.Region, v.Connectivity, v.Power, MS(v.Created))
	return err
}

// Site reads one site.
func (t *Tx) Site(id string) (Site, error) {
	return one(t, scanSite, `SELECT `+siteColumns+` FROM sites WHERE id = ?`, id)
}

// Sites lists the sites of a recipient by id; recipient "" lists all.
func (t *Tx) Sites(recipient string) ([]Site, error) {
	return many(t, scanSite, `SELECT `+siteColumns+` FROM sites WHERE ? = '' OR recipient_id = ? ORDER BY recipient_id, id`, recipient, recipient)
}
