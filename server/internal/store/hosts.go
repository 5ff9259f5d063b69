package store

import (
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Host is a machine that runs the agent.
type Host struct {
	ID          string // in the certificate's subject
	RecipientID string
	SiteID      string
	TokenID     string // the token it enrolled with

	Name         string // "": withheld by consent
	OS           string // "debian 12"
	Role         string // server, workstation, appliance
	Kernel       string
	Exposure     string // from how far it can be reached: small, controlled, open; "": not known, or withheld
	AgentVersion string

	SPKI          []byte // its public key, DER; never changes
	MachineDigest []byte // HMAC of its machine id; empty: withheld. Equal digests on two hosts mean a clone
	CertSerial    string // of the newest certificate, hex
	CertExpires   time.Time

	Enrolled      time.Time
	LastSeen      time.Time     // last check-in, server's clock; zero: never
	LastSequence  uint64        // last sequence stored; 0: none
	Measured      time.Time     // when the current results were measured, host's clock corrected by its skew; zero: never
	Skew          time.Duration // host's clock minus server's, at the last check-in
	DroppedItems  uint64        // outbox items the host lost to its bound, ever
	DamagedItems  uint64        // outbox items that its disk or a cut of power spoiled, ever
	Conflicts     uint64        // sequences that came again with other content: a clone or a rolled back disk
	SentBytes     uint64        // this month, as the agent metered
	ReceivedBytes uint64        // this month, as the agent metered
	Protocol      string        // how the last check-in came: h3 (QUIC) or h2 (TCP); "": never

	BundleName     string // the bundle that judged last
	BundleRevision uint64
	Summary        assessment.Summary // of the current results; CoveragePercent is computed

	Revoked       time.Time // zero: not
	RevokedReason string
}

const hostColumns = `id, recipient_id, site_id, token_id, name, os, role, kernel, agent_version, spki, machine_digest,
	cert_serial, cert_expires_ms, enrolled_ms, last_seen_ms, last_sequence, measured_ms, skew_ms, dropped_items, conflicts,
	sent_bytes, received_bytes, bundle_name, bundle_revision, passed, failed, unmeasured, not_applicable, errors,
	revoked_ms, revoked_reason, protocol, exposure, damaged_items`

func scanHost(r scanner) (v Host, err error) {
	var skew int64
	s := &v.Summary
	err = r.Scan(&v.ID, &v.RecipientID, &v.SiteID, &v.TokenID, &v.Name, &v.OS, &v.Role, &v.Kernel, &v.AgentVersion,
		&v.SPKI, &v.MachineDigest, &v.CertSerial, moment{&v.CertExpires}, moment{&v.Enrolled}, moment{&v.LastSeen},
		&v.LastSequence, moment{&v.Measured}, &skew, &v.DroppedItems, &v.Conflicts, &v.SentBytes, &v.ReceivedBytes,
		&v.BundleName, &v.BundleRevision, &s.Pass, &s.Fail, &s.Unmeasured, &s.NotApplicable, &s.Error,
		moment{&v.Revoked}, &v.RevokedReason, &v.Protocol, &v.Exposure, &v.DamagedItems)
	v.Skew = time.Duration(skew) * time.Millisecond
	v.cover()
	return v, err
}

// cover computes the coverage of a host's summary.
func (h *Host) cover() {
	s := &h.Summary
	s.CoveragePercent = 100
	if applicable := s.Pass + s.Fail + s.Unmeasured + s.Error; applicable > 0 {
		s.CoveragePercent = 100 * float64(s.Pass+s.Fail) / float64(applicable)
	}
}

// AddHost stores a newly enrolled host.
func (t *Tx) AddHost(v Host) error {
	_, err := t.exec(`INSERT INTO hosts (`+hostColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, v.RecipientID, v.SiteID, v.TokenID, v.Name, v.OS, v.Role, v.Kernel, v.AgentVersion, blob(v.SPKI), blob(v.MachineDigest),
		v.CertSerial, MS(v.CertExpires), MS(v.Enrolled), MS(v.LastSeen), v.LastSequence, MS(v.Measured), v.Skew.Milliseconds(),
		v.DroppedItems, v.Conflicts, v.SentBytes, v.ReceivedBytes, v.BundleName, v.BundleRevision, v.Summary.Pass, v.Summary.Fail,
		v.Summary.Unmeasured, v.Summary.NotApplicable, v.Summary.Error, MS(v.Revoked), v.RevokedReason, v.Protocol, v.Exposure, v.DamagedItems)
	return err
}

// Host reads one host.
func (t *Tx) Host(id string) (Host, error) {
	return one(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE id = ?`, id)
}

// LockHost reads one host and holds it until commit: two check-ins of one host follow each other.
func (t *Tx) LockHost(id string) (Host, error) {
	return one(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE id = ?`+t.dialect.lockRow(), id)
}

// Hosts lists the hosts of a recipient by id, revoked ones included; recipient "" lists all. After is the id
// to continue behind ("" for the first page), limit at most that many (0: all).
func (t *Tx) Hosts(recipient, after string, limit int) ([]Host, error) {
	if limit <= 0 {
		limit = 1 << 30
	}
	cond, args := scoped("recipient_id", recipient)
	return many(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE `+cond+` AND id > ? ORDER BY id LIMIT ?`, append(args, after, limit)...)
}

// HostsByMachine lists hosts with the same machine digest: more than one that is not revoked is a clone.
func (t *Tx) HostsByMachine(digest []byte) ([]Host, error) {
	if len(digest) == 0 {
		return []Host{}, nil
	}
	return many(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE machine_digest = ? ORDER BY id`, digest)
}

// SaveCheckIn writes everything of v that a check-in changes: name, os, role, kernel, exposure, versions, last seen and
// sequence, measured, skew, counters of what was lost, meter, protocol, bundle and summary. Identity and revocation stay as they are.
func (t *Tx) SaveCheckIn(v Host) error {
	s := v.Summary
	return t.must(`UPDATE hosts SET name = ?, os = ?, role = ?, kernel = ?, agent_version = ?, last_seen_ms = ?, last_sequence = ?,
		measured_ms = ?, skew_ms = ?, dropped_items = ?, conflicts = ?, sent_bytes = ?, received_bytes = ?, bundle_name = ?,
		bundle_revision = ?, passed = ?, failed = ?, unmeasured = ?, not_applicable = ?, errors = ?, protocol = ?, exposure = ?, damaged_items = ? WHERE id = ?`,
		v.Name, v.OS, v.Role, v.Kernel, v.AgentVersion, MS(v.LastSeen), v.LastSequence, MS(v.Measured), v.Skew.Milliseconds(),
		v.DroppedItems, v.Conflicts, v.SentBytes, v.ReceivedBytes, v.BundleName, v.BundleRevision,
		s.Pass, s.Fail, s.Unmeasured, s.NotApplicable, s.Error, v.Protocol, v.Exposure, v.DamagedItems, v.ID)
}

// Certificate is one client certificate that was issued.
type Certificate struct {
	Serial    string // hex
	HostID    string
	NotBefore time.Time
	NotAfter  time.Time
	How       string // enrol, renew, recover or stick
	DER       []byte // the certificate itself; empty for those that were issued before it was kept
}

// AddCertificate records an issued certificate and makes it the host's newest.
func (t *Tx) AddCertificate(c Certificate) error {
	if _, err := t.exec(`INSERT INTO certificates (serial, host_id, not_before_ms, not_after_ms, how, der) VALUES (?, ?, ?, ?, ?, ?)`,
		c.Serial, c.HostID, MS(c.NotBefore), MS(c.NotAfter), c.How, blob(c.DER)); err != nil {
		return err
	}
	return t.must(`UPDATE hosts SET cert_serial = ?, cert_expires_ms = ? WHERE id = ?`, c.Serial, MS(c.NotAfter), c.HostID)
}

// CertificateDER reads an issued certificate by its serial; [ErrNotFound] when there is none or it was not kept.
func (t *Tx) CertificateDER(serial string) ([]byte, error) {
	der, err := one(t, scalar[[]byte], `SELECT der FROM certificates WHERE serial = ?`, serial)
	if err == nil && len(der) == 0 {
		return nil, ErrNotFound
	}
	return der, err
}

// Certificates lists what was issued to a host, newest first; without the certificates themselves.
func (t *Tx) Certificates(host string) ([]Certificate, error) {
	return many(t, func(r scanner) (c Certificate, err error) {
		err = r.Scan(&c.Serial, &c.HostID, moment{&c.NotBefore}, moment{&c.NotAfter}, &c.How)
		return c, err
	}, `SELECT serial, host_id, not_before_ms, not_after_ms, how FROM certificates WHERE host_id = ? ORDER BY not_before_ms DESC, serial`, host)
}

// RevokeHost bars a host for ever; revoking it again changes nothing.
func (t *Tx) RevokeHost(id, reason string, now time.Time) error {
	return t.must(`UPDATE hosts SET revoked_reason = CASE WHEN revoked_ms = 0 THEN ? ELSE revoked_reason END,
		revoked_ms = CASE WHEN revoked_ms = 0 THEN ? ELSE revoked_ms END WHERE id = ?`, reason, MS(now), id)
}

// HostByKey finds the host that enrolled with a public key (DER), revoked or not.
func (t *Tx) HostByKey(spki []byte) (Host, error) {
	return one(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE spki = ?`, blob(spki))
}

// MoveHost puts a host that enrolled again with the same key into another site of its recipient.
func (t *Tx) MoveHost(id, site, token string) error {
	return t.must(`UPDATE hosts SET site_id = ?, token_id = ? WHERE id = ?`, site, token, id)
}

// RevokedHosts lists the ids of all revoked hosts.
func (t *Tx) RevokedHosts() ([]string, error) {
	return many(t, scalar[string], `SELECT id FROM hosts WHERE revoked_ms > 0`)
}
