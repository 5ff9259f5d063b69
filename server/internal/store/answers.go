package store

// AnswerBox is what is known for answering a host whose reports travel on a stick.
type AnswerBox struct {
	HostID         string
	Recipient      string // age recipient that answers are encrypted to
	BundleRevision uint64 // of the policies that judge, as the host's last stick said
	VulnsRevision  uint64 // of its vulnerability index; 0: none
	Refused        []byte // what of the last stick was refused: an encoded CheckInResponse
	Number         uint64 // of the last answer; 0: none was written
}

const answerColumns = `host_id, recipient, bundle_revision, vulns_revision, refused, number`

// AnswerBox reads a host's; ErrNotFound when no stick of it ever named where to answer to.
func (t *Tx) AnswerBox(host string) (AnswerBox, error) {
	return one(t, func(r scanner) (v AnswerBox, err error) {
		err = r.Scan(&v.HostID, &v.Recipient, &v.BundleRevision, &v.VulnsRevision, &v.Refused, &v.Number)
		return v, err
	}, `SELECT `+answerColumns+` FROM answers WHERE host_id = ?`+t.dialect.lockRow(), host)
}

// PutAnswerBox stores what a host's newest stick said; the number of its last answer stays.
func (t *Tx) PutAnswerBox(v AnswerBox) error {
	_, err := t.exec(`INSERT INTO answers (`+answerColumns+`) VALUES (?, ?, ?, ?, ?, 0)
		ON CONFLICT (host_id) DO UPDATE SET recipient = excluded.recipient, bundle_revision = excluded.bundle_revision,
		vulns_revision = excluded.vulns_revision, refused = excluded.refused`,
		v.HostID, v.Recipient, v.BundleRevision, v.VulnsRevision, blob(v.Refused))
	return err
}

// NumberAnswer notes the number of an answer that was written to a host.
func (t *Tx) NumberAnswer(host string, number uint64) error {
	return t.must(`UPDATE answers SET number = ? WHERE host_id = ?`, number, host)
}
