// Package enrol gives hosts their identity: one-time tokens are traded for client certificates, which are renewed,
// recovered by proof of the host's key, and revoked.
//
// A host's key is its identity and does not expire; its certificate does, after [HostLife]. A host that was off
// for months therefore comes back by [Enroller.Recover]. Revocation is for ever and is checked on every
// connection, resumed ones included, by [Revocations.VerifyConnection].
package enrol

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/limit"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Why a host is not let in. Each is told to the host as it is; ErrWish is told to who wanted a token.
var (
	ErrTokenMalformed = errors.New("the text is not a token")
	ErrTokenForeign   = errors.New("the token was made by another server")
	ErrTokenUnknown   = errors.New("the token is not known here: it was forged or its data was restored away")
	ErrTokenExpired   = errors.New("expired")
	ErrTokenUsed      = errors.New("used")
	ErrTokenRevoked   = errors.New("revoked")
	ErrRequest        = errors.New("the certificate request is malformed, or its key is not ECDSA P-256, P-384 or Ed25519")
	ErrKeyTaken       = errors.New("the key belongs to a host of another recipient, or to a revoked one: make a new key")
	ErrHostRevoked    = errors.New("the host is revoked")
	ErrHostUnknown    = errors.New("the host is not known, or the key is not the one it enrolled with")
	ErrTooOften       = errors.New("too many requests: try again later")
	ErrWish           = errors.New("create token")
)

// Enroller runs the life of hosts' identities. All methods may be called at once.
type Enroller struct {
	store   *store.Store
	ca      *CA
	revoked *Revocations
	now     func() time.Time
	address *limit.Keyed // attempts per address: carriers put thousands of hosts behind one
	recover *limit.Keyed // recoveries per host that proved its key
}

// New makes an Enroller; now nil is the system's clock.
func New(st *store.Store, ca *CA, revoked *Revocations, now func() time.Time) *Enroller {
	if now == nil {
		now = time.Now
	}
	return &Enroller{
		store: st, ca: ca, revoked: revoked, now: now,
		address: limit.New(200*time.Millisecond, 300, 10_000),
		recover: limit.New(10*time.Minute, 6, 100_000),
	}
}

// NewToken says what a token is for. Uses 0 means 1, TTL 0 means 24 hours.
type NewToken struct {
	Recipient string
	Site      string // "": the recipient's only site
	Uses      int
	TTL       time.Duration
	Server    string // host:port that hosts are to call
	By        string // actor
}

// Limits of a token.
const (
	MaxTokenUses = 10_000
	MaxTokenTTL  = 90 * 24 * time.Hour
)

// CreateToken makes a one-time token and returns its text, which is not kept, and what is kept of it.
func (e *Enroller) CreateToken(ctx context.Context, n NewToken) (text string, kept store.Token, err error) {
	if n.Uses == 0 {
		n.Uses = 1
	}
	if n.TTL == 0 {
		n.TTL = 24 * time.Hour
	}
	if n.Uses < 1 || n.Uses > MaxTokenUses {
		return "", kept, fmt.Errorf("%w: uses must be 1 to %d", ErrWish, MaxTokenUses)
	}
	if n.TTL < time.Minute || n.TTL > MaxTokenTTL {
		return "", kept, fmt.Errorf("%w: it must hold between a minute and %d days", ErrWish, int(MaxTokenTTL.Hours()/24))
	}
	t := wire.Token{Server: n.Server, Pin: e.ca.Pin()}
	rand.Read(t.Secret[:])
	if text, err = t.Text(); err != nil {
		return "", kept, fmt.Errorf("create token: %w", err)
	}
	hash, now := sha256.Sum256(t.Secret[:]), e.now()
	err = e.store.Tx(ctx, func(tx *store.Tx) error {
		if n.Site, err = siteOf(tx, n.Recipient, n.Site); err != nil {
			return err
		}
		kept = store.Token{ID: store.NewID("t"), SecretHash: hash[:], RecipientID: n.Recipient, SiteID: n.Site, UsesMax: n.Uses,
			Created: now.UTC(), Expires: now.Add(n.TTL).UTC(), CreatedBy: n.By}
		return errors.Join(tx.AddToken(kept), tx.Audit(store.Entry{
			At: now, Actor: n.By, Action: "token.create", Object: "token:" + kept.ID, RecipientID: n.Recipient,
			Detail: detail(map[string]any{"site": n.Site, "uses": n.Uses, "expires": kept.Expires.Format(time.RFC3339)}),
		}))
	})
	if err != nil {
		return "", kept, fmt.Errorf("create token: %w", err)
	}
	return text, kept, nil
}

func siteOf(tx *store.Tx, recipient, site string) (string, error) {
	if _, err := tx.Recipient(recipient); err != nil {
		return "", fmt.Errorf("recipient %q: %w", recipient, err)
	}
	sites, err := tx.Sites(recipient)
	if err != nil {
		return "", err
	}
	for _, s := range sites {
		if s.ID == site || (site == "" && len(sites) == 1) {
			return s.ID, nil
		}
	}
	if site == "" {
		return "", fmt.Errorf("recipient %q has %d sites: name one", recipient, len(sites))
	}
	return "", fmt.Errorf("site %q of recipient %q: %w", site, recipient, store.ErrNotFound)
}

// Enrol trades a token and a certificate request for a certificate. peer is the caller's address, for limits.
//
// A host whose answer was lost asks again with the same key and gets the same host id without another use. A host
// that enrols again with a new token of the same recipient keeps its id and moves to that token's site.
func (e *Enroller) Enrol(ctx context.Context, req *vymirv1.EnrolRequest, peer string) (*vymirv1.EnrolResponse, error) {
	now := e.now()
	if ok, _ := e.address.Allow(peer, now); !ok {
		return nil, ErrTooOften
	}
	token, err := wire.ParseToken(req.Token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenMalformed, err)
	}
	if !e.ca.Pinned(token.Pin) {
		return nil, ErrTokenForeign
	}
	csr, err := parseCSR(req.Csr)
	if err != nil {
		return nil, err
	}
	resp := &vymirv1.EnrolResponse{Roots: e.ca.Roots(), ServerTimeMs: now.UnixMilli(), ExportRecipient: e.ca.ExportRecipient()}
	err = e.store.Tx(ctx, func(tx *store.Tx) error {
		h, err := e.admit(tx, token, csr.RawSubjectPublicKeyInfo, req, now)
		if err != nil {
			return err
		}
		recipient, err := tx.Recipient(h.RecipientID)
		if err != nil {
			return err
		}
		site, err := tx.Site(h.SiteID)
		if err != nil {
			return err
		}
		resp.HostId, resp.Recipient, resp.Site = h.ID, recipient.Name("uk"), site.Name("uk")
		if resp.ArtefactKeys, err = tx.ArtefactKeys(); err != nil {
			return err
		}
		resp.Certificate, err = e.issue(tx, csr.PublicKey, h, "enrol", now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// admit finds or makes the host that a token and a key stand for.
func (e *Enroller) admit(tx *store.Tx, token wire.Token, spki []byte, req *vymirv1.EnrolRequest, now time.Time) (store.Host, error) {
	hash := sha256.Sum256(token.Secret[:])
	t, err := tx.TokenBySecret(hash[:])
	if errors.Is(err, store.ErrNotFound) {
		return store.Host{}, ErrTokenUnknown
	} else if err != nil {
		return store.Host{}, err
	}
	old, err := tx.HostByKey(spki)
	known := err == nil
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return store.Host{}, err
	case known && !old.Revoked.IsZero(), known && old.RecipientID != t.RecipientID:
		return store.Host{}, ErrKeyTaken
	case known && old.TokenID == t.ID:
		return old, nil // the answer was lost on the way
	case !t.Revoked.IsZero():
		return store.Host{}, ErrTokenRevoked
	case !now.Before(t.Expires):
		return store.Host{}, ErrTokenExpired
	case t.Uses >= t.UsesMax:
		return store.Host{}, ErrTokenUsed
	}
	if err := tx.UseToken(t.ID); errors.Is(err, store.ErrNotFound) {
		return store.Host{}, ErrTokenUsed
	} else if err != nil {
		return store.Host{}, err
	}
	if known {
		old.SiteID, old.TokenID = t.SiteID, t.ID
		return old, errors.Join(tx.MoveHost(old.ID, t.SiteID, t.ID), e.audit(tx, "host.enrol_again", old, now, map[string]any{"token": t.ID, "site": t.SiteID}))
	}
	h := store.Host{
		ID: store.NewID("h"), RecipientID: t.RecipientID, SiteID: t.SiteID, TokenID: t.ID, SPKI: spki, Enrolled: now.UTC(),
		Name: Clean(req.GetHost().GetName()), OS: Clean(req.GetHost().GetOs()), AgentVersion: Clean(req.GetHost().GetAgentVersion()),
	}
	if d := req.GetHost().GetMachineIdDigest(); len(d) == sha256.Size {
		h.MachineDigest = d
	}
	more := map[string]any{"token": t.ID, "site": t.SiteID}
	twins, err := tx.HostsByMachine(h.MachineDigest)
	if err != nil {
		return h, err
	}
	for _, twin := range twins {
		if twin.RecipientID == h.RecipientID && twin.Revoked.IsZero() {
			more["same_machine_as"] = twin.ID
		}
	}
	return h, errors.Join(tx.AddHost(h), e.audit(tx, "host.enrol", h, now, more))
}

// Renew gives a fresh certificate to a host that showed a valid one, for the key it enrolled with.
func (e *Enroller) Renew(ctx context.Context, host string, req *vymirv1.RenewRequest) (*vymirv1.RenewResponse, error) {
	der, now, err := e.again(ctx, host, req.Csr, "renew")
	if err != nil {
		return nil, err
	}
	var keys []string
	if err := e.store.View(ctx, func(tx *store.Tx) (err error) { keys, err = tx.ArtefactKeys(); return err }); err != nil {
		return nil, err
	}
	return &vymirv1.RenewResponse{ArtefactKeys: keys, Certificate: der, Roots: e.ca.Roots(), ServerTimeMs: now.UnixMilli(), ExportRecipient: e.ca.ExportRecipient()}, nil
}

// Recover gives a fresh certificate to a host whose certificate ran out: the request, signed by the enrolled key, is
// the proof. Only requests that prove the key count against the host, so nobody can lock another host out.
func (e *Enroller) Recover(ctx context.Context, req *vymirv1.RecoverRequest, peer string) (*vymirv1.RecoverResponse, error) {
	if ok, _ := e.address.Allow(peer, e.now()); !ok {
		return nil, ErrTooOften
	}
	der, now, err := e.again(ctx, req.HostId, req.Csr, "recover")
	if err != nil {
		return nil, err
	}
	return &vymirv1.RecoverResponse{Certificate: der, Roots: e.ca.Roots(), ServerTimeMs: now.UnixMilli()}, nil
}

func (e *Enroller) again(ctx context.Context, host string, request []byte, how string) (der []byte, now time.Time, err error) {
	now = e.now()
	csr, err := parseCSR(request)
	if err != nil {
		return nil, now, err
	}
	err = e.store.Tx(ctx, func(tx *store.Tx) error {
		h, err := tx.LockHost(host)
		if errors.Is(err, store.ErrNotFound) || (err == nil && string(h.SPKI) != string(csr.RawSubjectPublicKeyInfo)) {
			return ErrHostUnknown
		} else if err != nil {
			return err
		}
		if !h.Revoked.IsZero() {
			return ErrHostRevoked
		}
		if ok, _ := e.recover.Allow(host, now); !ok {
			return ErrTooOften
		}
		if how == "recover" {
			if err := e.audit(tx, "host.recover", h, now, nil); err != nil {
				return err
			}
		}
		der, err = e.issue(tx, csr.PublicKey, h, how, now)
		return err
	})
	return der, now, err
}

// ByStick gives what a renewal gives, for a host whose line is a stick: the proof is the signature of the file it sent, by the
// key it enrolled with. It holds a certificate only when the host's own is in its last third, or over.
func ByStick(tx *store.Tx, ca *CA, h store.Host, now time.Time) (*vymirv1.RenewResponse, error) {
	keys, err := tx.ArtefactKeys()
	if err != nil {
		return nil, err
	}
	r := &vymirv1.RenewResponse{Roots: ca.Roots(), ServerTimeMs: now.UnixMilli(), ExportRecipient: ca.ExportRecipient(), ArtefactKeys: keys}
	if h.CertExpires.Sub(now) >= HostLife/3 {
		return r, nil
	}
	public, err := x509.ParsePKIXPublicKey(h.SPKI)
	if err != nil {
		return nil, fmt.Errorf("read key of host %s: %w", h.ID, err)
	}
	r.Certificate, err = issue(tx, ca, public, h, "stick", now)
	return r, err
}

func (e *Enroller) issue(tx *store.Tx, public any, h store.Host, how string, now time.Time) ([]byte, error) {
	return issue(tx, e.ca, public, h, how, now)
}

func issue(tx *store.Tx, ca *CA, public any, h store.Host, how string, now time.Time) ([]byte, error) {
	c, err := ca.SignHost(public, h.ID, now)
	if err != nil {
		return nil, err
	}
	return c.Raw, tx.AddCertificate(store.Certificate{
		Serial: fmt.Sprintf("%x", c.SerialNumber), HostID: h.ID, NotBefore: c.NotBefore, NotAfter: c.NotAfter, How: how, DER: c.Raw,
	})
}

// Revoke bars a host for ever. Connections it opens from now on are refused here at once and by other server
// processes within [RevocationCache].
func (e *Enroller) Revoke(ctx context.Context, host, reason, by string) error {
	now := e.now()
	err := e.store.Tx(ctx, func(tx *store.Tx) error {
		h, err := tx.LockHost(host)
		if err != nil {
			return err
		}
		return errors.Join(tx.RevokeHost(host, reason, now), tx.Audit(store.Entry{
			At: now, Actor: by, Action: "host.revoke", Object: "host:" + host, RecipientID: h.RecipientID, Detail: detail(map[string]any{"reason": reason}),
		}))
	})
	if err != nil {
		return fmt.Errorf("revoke host %s: %w", host, err)
	}
	e.revoked.Forget()
	return nil
}

func (e *Enroller) audit(tx *store.Tx, action string, h store.Host, now time.Time, more map[string]any) error {
	return tx.Audit(store.Entry{At: now, Actor: "host:" + h.ID, Action: action, Object: "host:" + h.ID, RecipientID: h.RecipientID, Detail: detail(more)})
}

func detail(m map[string]any) string {
	if m == nil {
		return "{}"
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// parseCSR reads a certificate request and checks that it is signed by its key. Its subject is ignored.
func parseCSR(der []byte) (*x509.CertificateRequest, error) {
	if len(der) > wire.MaxCSRBytes {
		return nil, fmt.Errorf("%w: %w", ErrRequest, wire.ErrTooLarge)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	switch k := csr.PublicKey.(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
			return nil, ErrRequest
		}
	default:
		return nil, ErrRequest
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return csr, nil
}

// Clean makes a name that a host gave of itself fit to be stored and shown: valid UTF-8 without control characters,
// at most [wire.MaxStringBytes] long.
func Clean(s string) string {
	if len(s) > wire.MaxStringBytes {
		s = s[:wire.MaxStringBytes]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
