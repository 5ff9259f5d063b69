package store

import "time"

// Release is a catalogue entry on its way to donors and there: a frozen text that two persons of the recipient
// approve for an audience until a date. Needs, Audience, Text and Basis are the catalogue's JSON.
type Release struct {
	ID          string
	RecipientID string
	State       string // draft, published, withdrawn, expired or superseded
	Level       int    // disclosure level, 0 to 3
	Origin      string // measured or stated
	Needs       string // ids of the needs in it
	Audience    string // ids of the donor organisations that may read it
	Until       time.Time
	Text        string // exactly what the audience will read
	Digest      string // of text, level, audience and until: what is approved
	Basis       string // what the text was made from; the recipient's, never a donor's
	Run         string // the needs run it was made from; "": stated
	Created     time.Time
	CreatedBy   string
	Published   time.Time // zero: never
	Ended       time.Time // withdrawn, expired or superseded; zero: not
	EndedBy     string
	EndReason   string // the recipient's own note; never a donor's
}

const releaseColumns = `id, recipient_id, state, level, origin, needs, audience, until_ms, text, digest, basis, run,
	created_ms, created_by, published_ms, ended_ms, ended_by, end_reason`

func scanRelease(r scanner) (v Release, err error) {
	err = r.Scan(&v.ID, &v.RecipientID, &v.State, &v.Level, &v.Origin, &v.Needs, &v.Audience, moment{&v.Until}, &v.Text, &v.Digest,
		&v.Basis, &v.Run, moment{&v.Created}, &v.CreatedBy, moment{&v.Published}, moment{&v.Ended}, &v.EndedBy, &v.EndReason)
	return v, err
}

// PutRelease writes a release; recipient, origin and creation never change.
func (t *Tx) PutRelease(v Release) error {
	_, err := t.exec(`INSERT INTO releases (`+releaseColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, level = excluded.level, needs = excluded.needs, audience = excluded.audience,
		until_ms = excluded.until_ms, text = excluded.text, digest = excluded.digest, basis = excluded.basis, run = excluded.run,
		published_ms = excluded.published_ms, ended_ms = excluded.ended_ms, ended_by = excluded.ended_by, end_reason = excluded.end_reason`,
		v.ID, v.RecipientID, v.State, v.Level, v.Origin, v.Needs, v.Audience, MS(v.Until), v.Text, v.Digest, v.Basis, v.Run,
		MS(v.Created), v.CreatedBy, MS(v.Published), MS(v.Ended), v.EndedBy, v.EndReason)
	return err
}

// LockRelease reads one release and holds it until commit.
func (t *Tx) LockRelease(id string) (Release, error) {
	return one(t, scanRelease, `SELECT `+releaseColumns+` FROM releases WHERE id = ?`+t.dialect.lockRow(), id)
}

// Release reads one release.
func (t *Tx) Release(id string) (Release, error) {
	return one(t, scanRelease, `SELECT `+releaseColumns+` FROM releases WHERE id = ?`, id)
}

// Releases lists the releases of a recipient ("" for all) in a state ("" for any), oldest first.
func (t *Tx) Releases(recipient, state string) ([]Release, error) {
	return many(t, scanRelease, `SELECT `+releaseColumns+` FROM releases
		WHERE (? = '' OR recipient_id = ?) AND (? = '' OR state = ?) ORDER BY created_ms, id`, recipient, recipient, state, state)
}

// Approval is one person's yes to one exact text.
type Approval struct {
	ReleaseID string
	UserID    string
	Digest    string // of what was approved
	At        time.Time
	Void      time.Time // when an edit made it void; zero: it holds
}

// AddApproval stores an approval; a second one by the same person to the same text is ErrExists.
func (t *Tx) AddApproval(v Approval) error {
	_, err := t.exec(`INSERT INTO release_approvals (release_id, user_id, digest, at_ms, void_ms) VALUES (?, ?, ?, ?, ?)`,
		v.ReleaseID, v.UserID, v.Digest, MS(v.At), MS(v.Void))
	return err
}

// VoidApprovals makes every approval of a release void.
func (t *Tx) VoidApprovals(release string, now time.Time) error {
	_, err := t.exec(`UPDATE release_approvals SET void_ms = ? WHERE release_id = ? AND void_ms = 0`, MS(now), release)
	return err
}

// Approvals lists all approvals of a release, void ones included, oldest first.
func (t *Tx) Approvals(release string) ([]Approval, error) {
	return many(t, func(r scanner) (v Approval, err error) {
		err = r.Scan(&v.ReleaseID, &v.UserID, &v.Digest, moment{&v.At}, moment{&v.Void})
		return v, err
	}, `SELECT release_id, user_id, digest, at_ms, void_ms FROM release_approvals WHERE release_id = ? ORDER BY at_ms, user_id`, release)
}

// Read is one line of the read ledger: a person of a donor organisation read a release, some times on one day (UTC).
type Read struct {
	ReleaseID string
	DonorID   string
	UserID    string
	Channel   string // page, api or file
	Times     int
	First     time.Time
	Last      time.Time
}

// NoteRead counts one reading.
func (t *Tx) NoteRead(release, donor, user, channel string, now time.Time) error {
	_, err := t.exec(`INSERT INTO release_reads (release_id, donor_id, user_id, channel, day, times, first_ms, last_ms) VALUES (?, ?, ?, ?, ?, 1, ?, ?)
		ON CONFLICT (release_id, donor_id, user_id, channel, day) DO UPDATE SET times = release_reads.times + 1, last_ms = excluded.last_ms`,
		release, donor, user, channel, now.UTC().Format("2006-01-02"), MS(now), MS(now))
	return err
}

// Reads lists the read ledger of a recipient's releases, newest first.
func (t *Tx) Reads(recipient string) ([]Read, error) {
	return many(t, func(r scanner) (v Read, err error) {
		err = r.Scan(&v.ReleaseID, &v.DonorID, &v.UserID, &v.Channel, &v.Times, moment{&v.First}, moment{&v.Last})
		return v, err
	}, `SELECT d.release_id, d.donor_id, d.user_id, d.channel, d.times, d.first_ms, d.last_ms FROM release_reads d
		JOIN releases r ON r.id = d.release_id WHERE r.recipient_id = ? ORDER BY d.last_ms DESC, d.release_id, d.donor_id, d.user_id`, recipient)
}
