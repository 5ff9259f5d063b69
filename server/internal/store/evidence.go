package store

import "time"

// Attachment is a file that somebody put to a finding as evidence.
type Attachment struct {
	ID          string
	FindingID   string
	RecipientID string
	Name        string
	Kind        string // media type, as its content was recognised
	Size        int
	Digest      []byte // sha256
	Content     []byte // empty in lists, and once it was removed
	Created     time.Time
	CreatedBy   string    // actor
	Removed     time.Time // zero: not; the line stays, the content goes
}

const attachmentColumns = `id, finding_id, recipient_id, name, kind, size, digest, created_ms, created_by, removed_ms`

// AddAttachment stores one.
func (t *Tx) AddAttachment(v Attachment) error {
	_, err := t.exec(`INSERT INTO attachments (`+attachmentColumns+`, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, v.FindingID, v.RecipientID, v.Name, v.Kind, v.Size, blob(v.Digest), MS(v.Created), v.CreatedBy, MS(v.Removed), blob(v.Content))
	return err
}

// Attachment reads one with its content.
func (t *Tx) Attachment(id string) (Attachment, error) {
	return one(t, func(r scanner) (v Attachment, err error) {
		err = r.Scan(&v.ID, &v.FindingID, &v.RecipientID, &v.Name, &v.Kind, &v.Size, &v.Digest, moment{&v.Created}, &v.CreatedBy, moment{&v.Removed}, &v.Content)
		return v, err
	}, `SELECT `+attachmentColumns+`, content FROM attachments WHERE id = ?`, id)
}

// Attachments lists those of a finding, oldest first, removed ones included, without their content.
func (t *Tx) Attachments(finding string) ([]Attachment, error) {
	return many(t, func(r scanner) (v Attachment, err error) {
		err = r.Scan(&v.ID, &v.FindingID, &v.RecipientID, &v.Name, &v.Kind, &v.Size, &v.Digest, moment{&v.Created}, &v.CreatedBy, moment{&v.Removed})
		return v, err
	}, `SELECT `+attachmentColumns+` FROM attachments WHERE finding_id = ? ORDER BY created_ms, id`, finding)
}

// AttachedBytes sums up what a recipient's attachments hold.
func (t *Tx) AttachedBytes(recipient string) (int64, error) {
	return one(t, scalar[int64], `SELECT COALESCE(CAST(sum(size) AS BIGINT), 0) FROM attachments WHERE recipient_id = ? AND removed_ms = 0`, recipient)
}

// RemoveAttachment takes the content of one away.
func (t *Tx) RemoveAttachment(id string, now time.Time) error {
	return t.must(`UPDATE attachments SET content = ?, removed_ms = ? WHERE id = ? AND removed_ms = 0`, []byte{}, MS(now), id)
}

// SavedFilter is a list that a person looks at often.
type SavedFilter struct {
	UserID, Name, Query string
	Created             time.Time
}

// PutSavedFilter creates one or changes it.
func (t *Tx) PutSavedFilter(v SavedFilter) error {
	_, err := t.exec(`INSERT INTO saved_filters (user_id, name, query, created_ms) VALUES (?, ?, ?, ?)
		ON CONFLICT (user_id, name) DO UPDATE SET query = excluded.query`, v.UserID, v.Name, v.Query, MS(v.Created))
	return err
}

// SavedFilters lists a person's by name.
func (t *Tx) SavedFilters(user string) ([]SavedFilter, error) {
	return many(t, func(r scanner) (v SavedFilter, err error) {
		err = r.Scan(&v.UserID, &v.Name, &v.Query, moment{&v.Created})
		return v, err
	}, `SELECT user_id, name, query, created_ms FROM saved_filters WHERE user_id = ? ORDER BY name`, user)
}

// DropSavedFilter removes one.
func (t *Tx) DropSavedFilter(user, name string) error {
	return t.must(`DELETE FROM saved_filters WHERE user_id = ? AND name = ?`, user, name)
}

// ForeignReport is what another tool said of a host, as evidence beside our own measurements and never mixed with them.
type ForeignReport struct {
	ID          string
	RecipientID string
	HostID      string
	Tool        string
	Version     string
	Target      string // what the tool called the machine
	Made        time.Time
	Imported    time.Time
	ImportedBy  string
	Digest      string // sha256 of the file, hex
	Body        []byte // compressed JSON of the results; empty in lists
}

const foreignColumns = `id, recipient_id, host_id, tool, version, target, made_ms, imported_ms, imported_by, digest`

// AddForeignReport stores one; the same file for the same host again is ErrExists.
func (t *Tx) AddForeignReport(v ForeignReport) error {
	_, err := t.exec(`INSERT INTO foreign_reports (`+foreignColumns+`, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, v.RecipientID, v.HostID, v.Tool, v.Version, v.Target, MS(v.Made), MS(v.Imported), v.ImportedBy, v.Digest, blob(v.Body))
	return err
}

// ForeignReport reads one with its results.
func (t *Tx) ForeignReport(id string) (ForeignReport, error) {
	return one(t, func(r scanner) (v ForeignReport, err error) {
		err = r.Scan(&v.ID, &v.RecipientID, &v.HostID, &v.Tool, &v.Version, &v.Target, moment{&v.Made}, moment{&v.Imported}, &v.ImportedBy, &v.Digest, &v.Body)
		return v, err
	}, `SELECT `+foreignColumns+`, body FROM foreign_reports WHERE id = ?`, id)
}

// ForeignReports lists those of a host, newest first, without their results.
func (t *Tx) ForeignReports(host string) ([]ForeignReport, error) {
	return many(t, func(r scanner) (v ForeignReport, err error) {
		err = r.Scan(&v.ID, &v.RecipientID, &v.HostID, &v.Tool, &v.Version, &v.Target, moment{&v.Made}, moment{&v.Imported}, &v.ImportedBy, &v.Digest)
		return v, err
	}, `SELECT `+foreignColumns+` FROM foreign_reports WHERE host_id = ? ORDER BY made_ms DESC, id`, host)
}
