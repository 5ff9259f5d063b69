package store

import "time"

// Pledge is a donor's help for (part of) a release, from the announcement to the verified effect.
type Pledge struct {
	ID           string
	ReleaseID    string
	RecipientID  string
	DonorID      string
	State        string // see package catalogue
	Quantity     int
	AmountEUR    float64
	Delivered    int    // units, as the donor claims
	Fingerprint  string // equal for help of the same kind to the same recipient
	Baseline     string // JSON: the gap when it was committed; the recipient's, never a donor's
	Created      time.Time
	CreatedBy    string
	Changed      time.Time
	Committed    time.Time // zero: not
	Commissioned time.Time // zero: not
	Verified     time.Time // zero: not
}

const pledgeColumns = `id, release_id, recipient_id, donor_id, state, quantity, amount_eur, delivered, fingerprint, baseline,
	created_ms, created_by, changed_ms, committed_ms, commissioned_ms, verified_ms`

func scanPledge(r scanner) (v Pledge, err error) {
	err = r.Scan(&v.ID, &v.ReleaseID, &v.RecipientID, &v.DonorID, &v.State, &v.Quantity, &v.AmountEUR, &v.Delivered, &v.Fingerprint,
		&v.Baseline, moment{&v.Created}, &v.CreatedBy, moment{&v.Changed}, moment{&v.Committed}, moment{&v.Commissioned}, moment{&v.Verified})
	return v, err
}

// PutPledge writes a pledge; release, recipient, donor, fingerprint and creation never change.
func (t *Tx) PutPledge(v Pledge) error {
	_, err := t.exec(`INSERT INTO pledges (`+pledgeColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, quantity = excluded.quantity, amount_eur = excluded.amount_eur,
		delivered = excluded.delivered, baseline = excluded.baseline, changed_ms = excluded.changed_ms,
		committed_ms = excluded.committed_ms, commissioned_ms = excluded.commissioned_ms, verified_ms = excluded.verified_ms`,
		v.ID, v.ReleaseID, v.RecipientID, v.DonorID, v.State, v.Quantity, v.AmountEUR, v.Delivered, v.Fingerprint, v.Baseline,
		MS(v.Created), v.CreatedBy, MS(v.Changed), MS(v.Committed), MS(v.Commissioned), MS(v.Verified))
	return err
}

// Pledge reads one pledge.
func (t *Tx) Pledge(id string) (Pledge, error) {
	return one(t, scanPledge, `SELECT `+pledgeColumns+` FROM pledges WHERE id = ?`, id)
}

// LockPledge reads one pledge and holds it until commit.
func (t *Tx) LockPledge(id string) (Pledge, error) {
	return one(t, scanPledge, `SELECT `+pledgeColumns+` FROM pledges WHERE id = ?`+t.dialect.lockRow(), id)
}

// PledgeFilter selects pledges; an empty field selects all.
type PledgeFilter struct{ Release, Recipient, Donor, State string }

// Pledges lists pledges, oldest first.
func (t *Tx) Pledges(f PledgeFilter) ([]Pledge, error) {
	return many(t, scanPledge, `SELECT `+pledgeColumns+` FROM pledges WHERE (? = '' OR release_id = ?) AND (? = '' OR recipient_id = ?)
		AND (? = '' OR donor_id = ?) AND (? = '' OR state = ?) ORDER BY created_ms, id`,
		f.Release, f.Release, f.Recipient, f.Recipient, f.Donor, f.Donor, f.State, f.State)
}

// PledgeEvent is one thing that happened to a pledge.
type PledgeEvent struct {
	ID       string
	PledgeID string
	At       time.Time
	Actor    string
	Event    string // the state it came to
	Detail   string // JSON
}

// AddPledgeEvent appends to a pledge's history.
func (t *Tx) AddPledgeEvent(v PledgeEvent) error {
	_, err := t.exec(`INSERT INTO pledge_events (id, pledge_id, at_ms, actor, event, detail) VALUES (?, ?, ?, ?, ?, ?)`,
		v.ID, v.PledgeID, MS(v.At), v.Actor, v.Event, v.Detail)
	return err
}

// PledgeEvents lists a pledge's history, oldest first.
func (t *Tx) PledgeEvents(pledge string) ([]PledgeEvent, error) {
	return many(t, func(r scanner) (v PledgeEvent, err error) {
		err = r.Scan(&v.ID, &v.PledgeID, moment{&v.At}, &v.Actor, &v.Event, &v.Detail)
		return v, err
	}, `SELECT id, pledge_id, at_ms, actor, event, detail FROM pledge_events WHERE pledge_id = ? ORDER BY at_ms, id`, pledge)
}

// EffectRow is the gap behind a pledge as measured on one day (UTC). Body is the catalogue's JSON.
type EffectRow struct {
	PledgeID string
	At       time.Time
	Body     string
}

// PutEffect writes the measurement of its day.
func (t *Tx) PutEffect(v EffectRow) error {
	_, err := t.exec(`INSERT INTO effect_measurements (pledge_id, day, at_ms, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (pledge_id, day) DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body`,
		v.PledgeID, v.At.UTC().Format("2006-01-02"), MS(v.At), v.Body)
	return err
}

// Effects lists the measurements behind a pledge, oldest first.
func (t *Tx) Effects(pledge string) ([]EffectRow, error) {
	return many(t, func(r scanner) (v EffectRow, err error) {
		err = r.Scan(&v.PledgeID, moment{&v.At}, &v.Body)
		return v, err
	}, `SELECT pledge_id, at_ms, body FROM effect_measurements WHERE pledge_id = ? ORDER BY day`, pledge)
}
