package store

import "time"

// Version is one version of something that people edit: a recipient's shape of its needs, a project, a draft. Body is
// the catalogue's JSON.
type Version struct {
	Of      string // id of what was edited
	Version int    // from 1
	Body    string
	Digest  string // of a draft's text; "" otherwise
	At      time.Time
	By      string
}

func scanVersion(r scanner) (v Version, err error) {
	err = r.Scan(&v.Of, &v.Version, &v.Body, moment{&v.At}, &v.By)
	return v, err
}

// AddShape stores the next version of how a recipient arranged its needs; one that is there already is ErrExists.
func (t *Tx) AddShape(v Version) error {
	_, err := t.exec(`INSERT INTO need_shapes (recipient_id, version, body, at_ms, by_whom) VALUES (?, ?, ?, ?, ?)`, v.Of, v.Version, v.Body, MS(v.At), v.By)
	return err
}

// Shapes lists the versions of a recipient's shape, oldest first.
func (t *Tx) Shapes(recipient string) ([]Version, error) {
	return many(t, scanVersion, `SELECT recipient_id, version, body, at_ms, by_whom FROM need_shapes WHERE recipient_id = ? ORDER BY version`, recipient)
}

// ShapesAt lists the shape that each recipient ("" for all) had at a time; one that never arranged its needs has none.
func (t *Tx) ShapesAt(recipient string, at time.Time) ([]Version, error) {
	return many(t, scanVersion, `SELECT s.recipient_id, s.version, s.body, s.at_ms, s.by_whom FROM need_shapes s
		WHERE (? = '' OR s.recipient_id = ?) AND s.version = (SELECT max(n.version) FROM need_shapes n
		WHERE n.recipient_id = s.recipient_id AND n.at_ms <= ?) ORDER BY s.recipient_id`, recipient, recipient, MS(at))
}

// Project is what several recipients ask for together. Body is the catalogue's JSON of its newest version.
type Project struct {
	ID          string
	RecipientID string // who leads it
	Version     int
	Body        string
	CodeDigest  string // SHA-256 of the code by which others join
	Created     time.Time
	CreatedBy   string
	Closed      time.Time // zero: open
}

const projectColumns = `id, recipient_id, version, body, code_digest, created_ms, created_by, closed_ms`

func scanProject(r scanner) (v Project, err error) {
	err = r.Scan(&v.ID, &v.RecipientID, &v.Version, &v.Body, &v.CodeDigest, moment{&v.Created}, &v.CreatedBy, moment{&v.Closed})
	return v, err
}

// PutProject writes a project and keeps its version by whom; recipient and creation never change.
func (t *Tx) PutProject(v Project, at time.Time, by string) error {
	if _, err := t.exec(`INSERT INTO projects (`+projectColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body, code_digest = excluded.code_digest, closed_ms = excluded.closed_ms`,
		v.ID, v.RecipientID, v.Version, v.Body, v.CodeDigest, MS(v.Created), v.CreatedBy, MS(v.Closed)); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO project_versions (project_id, version, body, at_ms, by_whom) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		v.ID, v.Version, v.Body, MS(at), by)
	return err
}

// Project reads one project.
func (t *Tx) Project(id string) (Project, error) {
	return one(t, scanProject, `SELECT `+projectColumns+` FROM projects WHERE id = ?`, id)
}

// LockProject reads one project and holds it until commit.
func (t *Tx) LockProject(id string) (Project, error) {
	return one(t, scanProject, `SELECT `+projectColumns+` FROM projects WHERE id = ?`+t.dialect.lockRow(), id)
}

// ProjectByCode finds a project by the digest of its code.
func (t *Tx) ProjectByCode(digest string) (Project, error) {
	return one(t, scanProject, `SELECT `+projectColumns+` FROM projects WHERE code_digest = ?`+t.dialect.lockRow(), digest)
}

// Projects lists the projects in which a recipient ("" for any) takes part, oldest first.
func (t *Tx) Projects(recipient string) ([]Project, error) {
	return many(t, scanProject, `SELECT `+projectColumns+` FROM projects WHERE ? = '' OR id IN
		(SELECT project_id FROM project_parts WHERE recipient_id = ?) ORDER BY created_ms, id`, recipient, recipient)
}

// ProjectVersions lists the versions of a project, oldest first.
func (t *Tx) ProjectVersions(id string) ([]Version, error) {
	return many(t, scanVersion, `SELECT project_id, version, body, at_ms, by_whom FROM project_versions WHERE project_id = ? ORDER BY version`, id)
}

// ProjectPart is a recipient that takes part in a project, with its text for donors.
type ProjectPart struct {
	ProjectID, RecipientID string
	ReleaseID              string // the newest; "": none yet
	Joined                 time.Time
	JoinedBy               string
}

// PutProjectPart writes a part; when it joined never changes.
func (t *Tx) PutProjectPart(v ProjectPart) error {
	_, err := t.exec(`INSERT INTO project_parts (project_id, recipient_id, release_id, joined_ms, joined_by) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (project_id, recipient_id) DO UPDATE SET release_id = excluded.release_id`, v.ProjectID, v.RecipientID, v.ReleaseID, MS(v.Joined), v.JoinedBy)
	return err
}

// ProjectParts lists who takes part in a project, in order of joining.
func (t *Tx) ProjectParts(project string) ([]ProjectPart, error) {
	return many(t, func(r scanner) (v ProjectPart, err error) {
		err = r.Scan(&v.ProjectID, &v.RecipientID, &v.ReleaseID, moment{&v.Joined}, &v.JoinedBy)
		return v, err
	}, `SELECT project_id, recipient_id, release_id, joined_ms, joined_by FROM project_parts WHERE project_id = ? ORDER BY joined_ms, recipient_id`, project)
}

// DropProjectPart lets a recipient leave a project.
func (t *Tx) DropProjectPart(project, recipient string) error {
	return t.must(`DELETE FROM project_parts WHERE project_id = ? AND recipient_id = ?`, project, recipient)
}

// AddReleaseVersion keeps what a draft said after an edit.
func (t *Tx) AddReleaseVersion(release, text, digest string, at time.Time, by string) error {
	last, err := one(t, scalar[int64], `SELECT coalesce(max(version), 0) FROM release_versions WHERE release_id = ?`, release)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO release_versions (release_id, version, text, digest, at_ms, by_whom) VALUES (?, ?, ?, ?, ?, ?)`,
		release, last+1, text, digest, MS(at), by)
	return err
}

// ReleaseVersions lists what a draft said over time, oldest first.
func (t *Tx) ReleaseVersions(release string) ([]Version, error) {
	return many(t, func(r scanner) (v Version, err error) {
		err = r.Scan(&v.Of, &v.Version, &v.Body, &v.Digest, moment{&v.At}, &v.By)
		return v, err
	}, `SELECT release_id, version, text, digest, at_ms, by_whom FROM release_versions WHERE release_id = ? ORDER BY version`, release)
}
