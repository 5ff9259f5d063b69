package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
)

// ResultState is the part of a [Result] that gaps are made of.
type ResultState struct {
	HostID     string
	Control    string
	Status     assessment.Status
	Severity   assessment.Severity
	Capability string
	Since      time.Time
}

// EachResults calls f with the current results of every host of a recipient ("" for all) that is not revoked, host by
// host; hosts without results are left out. The slice is f's until it returns.
func (t *Tx) EachResults(recipient string, f func(host string, results []ResultState) error) error {
	words := map[string]string{} // a few words stand in very many rows
	intern := func(s string) string {
		if w, ok := words[s]; ok {
			return w
		}
		words[s] = s
		return s
	}
	cond, args := scoped("h.recipient_id", recipient)
	rows, err := t.tx.QueryContext(t.ctx, t.dialect.rebind(`SELECT r.host_id, r.control, r.status, r.severity, r.capability, r.since_ms
		FROM hosts h JOIN results r ON r.host_id = h.id WHERE h.revoked_ms = 0 AND `+cond+` ORDER BY h.recipient_id, h.id`), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var page []ResultState
	for rows.Next() {
		var host, status string
		var v ResultState
		var rank int
		if err := rows.Scan(&host, &v.Control, &status, &rank, &v.Capability, moment{&v.Since}); err != nil {
			return err
		}
		if len(page) > 0 && page[0].HostID != host {
			if err := f(page[0].HostID, page); err != nil {
				return err
			}
			page = page[:0]
		}
		v.HostID = host
		if len(page) > 0 {
			v.HostID = page[0].HostID
		}
		v.Control, v.Capability, v.Status, v.Severity = intern(v.Control), intern(v.Capability), assessment.Status(intern(status)), severity(rank)
		page = append(page, v)
	}
	if err := rows.Err(); err != nil || len(page) == 0 {
		return err
	}
	return f(page[0].HostID, page)
}

// MeasuredControls lists every control of which there is a current result, with what one of its results says of it:
// capability and severity. It asks once per control, so it is quick however many results there are.
func (t *Tx) MeasuredControls() ([]ResultState, error) {
	var out []ResultState
	for after := ""; ; {
		v, err := one(t, func(r scanner) (v ResultState, err error) {
			var rank int
			err = r.Scan(&v.Control, &rank, &v.Capability)
			v.Severity = severity(rank)
			return v, err
		}, `SELECT control, severity, capability FROM results WHERE control > ? ORDER BY control LIMIT 1`, after)
		if errors.Is(err, ErrNotFound) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out, after = append(out, v), v.Control
	}
}

// FindingState is the part of an open [Finding] that gaps are made of.
type FindingState struct {
	HostID, Control string
	Severity        assessment.Severity
	Opened          time.Time
	Reopened        time.Time // zero: never
	Reopens         int
	Handled         bool // assigned, or decided about
	Counts          bool // neither waived nor false, at the time that was asked for
}

// Brief is the part of f that gaps are made of, at a time.
func (f *Finding) Brief(now time.Time) FindingState {
	return FindingState{f.HostID, f.Control, f.Severity, f.Opened, f.Reopened, f.Reopens, f.Assignee != "" || f.Decision != review.Unreviewed, f.Counts(now)}
}

// OpenStates lists the open findings of every host of a recipient ("" for all) that is not revoked, in no order.
func (t *Tx) OpenStates(recipient string, now time.Time) ([]FindingState, error) {
	cond, args := scoped("h.recipient_id", recipient)
	// "control > ''" lets SQLite walk the findings host by host, as they lie.
	return many(t, func(r scanner) (FindingState, error) {
		var v Finding
		var rank int
		v.Record.State = review.Open
		err := r.Scan(&v.HostID, &v.Control, &rank, moment{&v.Opened}, moment{&v.Reopened}, &v.Reopens, &v.Decision, moment{&v.AcceptedUntil}, &v.Assignee)
		v.Severity = severity(rank)
		return v.Brief(now), err
	}, `SELECT f.host_id, f.control, f.severity, f.opened_ms, f.reopened_ms, f.reopened, f.review, f.accepted_until_ms, f.assignee
		FROM hosts h JOIN findings f ON f.host_id = h.id AND f.control > '' WHERE h.revoked_ms = 0 AND f.state = ? AND `+cond, append([]any{string(review.Open)}, args...)...)
}

// MeasuredVersion changes whenever something arrives from a host of a recipient ("" for all), a host comes or goes, or
// somebody does something to the recipient's data that is in the trail.
func (t *Tx) MeasuredVersion(recipient string) (string, error) {
	cond, args := scoped("recipient_id", recipient)
	hosts, err := one(t, func(r scanner) (v [4]int64, err error) {
		err = r.Scan(&v[0], &v[1], &v[2], &v[3])
		return v, err
	}, `SELECT count(*), coalesce(sum(last_sequence), 0), coalesce(max(measured_ms), 0), coalesce(max(revoked_ms), 0) FROM hosts
		WHERE `+cond, args...)
	if err != nil {
		return "", err
	}
	deed, err := one(t, scalar[int64], `SELECT coalesce(max(sequence), 0) FROM audit WHERE `+cond, args...)
	return fmt.Sprint(hosts, deed), err
}

// Profile is what a recipient says of its own size and weight, for sizing and ranking its needs.
type Profile struct {
	RecipientID string
	Criticality string // category of critical infrastructure "1" to "4"; "": none
	Users       int    // 0: not stated
	Admins      int    // 0: not stated
	Changed     time.Time
	ChangedBy   string
}

// PutProfile writes a recipient's profile.
func (t *Tx) PutProfile(v Profile) error {
	_, err := t.exec(`INSERT INTO recipient_profiles (recipient_id, criticality, users, admins, changed_ms, changed_by) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (recipient_id) DO UPDATE SET criticality = excluded.criticality, users = excluded.users, admins = excluded.admins,
		changed_ms = excluded.changed_ms, changed_by = excluded.changed_by`,
		v.RecipientID, v.Criticality, v.Users, v.Admins, MS(v.Changed), v.ChangedBy)
	return err
}

// Profiles lists the profiles of a recipient ("" for all) by id; a recipient that stated nothing has none.
func (t *Tx) Profiles(recipient string) ([]Profile, error) {
	return many(t, func(r scanner) (v Profile, err error) {
		err = r.Scan(&v.RecipientID, &v.Criticality, &v.Users, &v.Admins, moment{&v.Changed}, &v.ChangedBy)
		return v, err
	}, `SELECT recipient_id, criticality, users, admins, changed_ms, changed_by FROM recipient_profiles
		WHERE ? = '' OR recipient_id = ? ORDER BY recipient_id`, recipient, recipient)
}

// DonorOrg is a donor organisation, or an observer's.
type DonorOrg struct {
	ID       string
	NameUK   string
	NameEN   string
	Member   bool // may pledge; false: an observer
	ShowName bool // other donors may read its name beside a pledge
	Created  time.Time
}

// Name returns the name in lang, or in the other language when there is none.
func (d DonorOrg) Name(lang string) string { return pick(lang, d.NameUK, d.NameEN) }

func scanDonor(r scanner) (v DonorOrg, err error) {
	err = r.Scan(&v.ID, &v.NameUK, &v.NameEN, &v.Member, &v.ShowName, moment{&v.Created})
	return v, err
}

const donorColumns = `id, name_uk, name_en, member, show_name, created_ms`

// PutDonor creates a donor organisation or changes all of it but its time of creation.
func (t *Tx) PutDonor(v DonorOrg) error {
	_, err := t.exec(`INSERT INTO donors (`+donorColumns+`) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name_uk = excluded.name_uk, name_en = excluded.name_en, member = excluded.member, show_name = excluded.show_name`,
		v.ID, v.NameUK, v.NameEN, Flag(v.Member), Flag(v.ShowName), MS(v.Created))
	return err
}

// Donor reads one donor organisation.
func (t *Tx) Donor(id string) (DonorOrg, error) {
	return one(t, scanDonor, `SELECT `+donorColumns+` FROM donors WHERE id = ?`, id)
}

// Donors lists all donor organisations by id.
func (t *Tx) Donors() ([]DonorOrg, error) {
	return many(t, scanDonor, `SELECT `+donorColumns+` FROM donors ORDER BY id`)
}

// StatedNeed is a need that a recipient states and no agent measured. Body is the catalogue's JSON.
type StatedNeed struct {
	ID          string
	RecipientID string
	Body        string
	Created     time.Time
	CreatedBy   string
	Closed      time.Time // zero: open
}

// PutStatedNeed writes a stated need; recipient and creation never change.
func (t *Tx) PutStatedNeed(v StatedNeed) error {
	_, err := t.exec(`INSERT INTO stated_needs (id, recipient_id, body, created_ms, created_by, closed_ms) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, closed_ms = excluded.closed_ms`,
		v.ID, v.RecipientID, v.Body, MS(v.Created), v.CreatedBy, MS(v.Closed))
	return err
}

// StatedNeeds lists the stated needs of a recipient ("" for all), oldest first, closed ones included.
func (t *Tx) StatedNeeds(recipient string) ([]StatedNeed, error) {
	return many(t, func(r scanner) (v StatedNeed, err error) {
		err = r.Scan(&v.ID, &v.RecipientID, &v.Body, moment{&v.Created}, &v.CreatedBy, moment{&v.Closed})
		return v, err
	}, `SELECT id, recipient_id, body, created_ms, created_by, closed_ms FROM stated_needs
		WHERE ? = '' OR recipient_id = ? ORDER BY created_ms, id`, recipient, recipient)
}

// TotalsRow is one frozen release of totals. Body is what may be published; Basis, who stands behind each cell, never leaves.
type TotalsRow struct {
	ID       string
	Frozen   time.Time
	FrozenBy string
	Body     string
	Basis    string
}

// AddTotals stores a frozen release of totals.
func (t *Tx) AddTotals(v TotalsRow) error {
	_, err := t.exec(`INSERT INTO totals (id, frozen_ms, frozen_by, body, basis) VALUES (?, ?, ?, ?, ?)`, v.ID, MS(v.Frozen), v.FrozenBy, v.Body, v.Basis)
	return err
}

// LatestTotals reads the newest frozen release; none is ErrNotFound.
func (t *Tx) LatestTotals() (TotalsRow, error) {
	return one(t, func(r scanner) (v TotalsRow, err error) {
		err = r.Scan(&v.ID, moment{&v.Frozen}, &v.FrozenBy, &v.Body, &v.Basis)
		return v, err
	}, `SELECT id, frozen_ms, frozen_by, body, basis FROM totals ORDER BY frozen_ms DESC, id DESC LIMIT 1`)
}
