package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/agent/wire/vymirv1/vymirv1connect"
)

// Reasons why a server does not enrol a host; every error of [Enrol] that comes from the server's answer wraps one.
var (
	ErrTokenUnknown = errors.New("the server does not know this token")
	ErrTokenUsed    = errors.New("the token was used already")
	ErrTokenExpired = errors.New("the token has expired")
	ErrTokenRevoked = errors.New("the token was withdrawn")
	ErrTokenForeign = errors.New("the token was made by another server")
	ErrRefused      = errors.New("the server refuses this host")
	ErrAnswer       = errors.New("the server's answer makes no sense")
)

// EnrolOptions say how to enrol.
type EnrolOptions struct {
	Token     string // its text
	Server    string // host:port to call instead of the token's; empty: the token's
	Host      *vymirv1.HostInfo
	MachineID string        // only its keyed digest leaves
	Protocol  wire.Protocol // Auto: QUIC, then TCP
	Key       KeyPlace      // zero: in a file

	PacketConn func(network string) (net.PacketConn, error) // see wire.ClientOptions
}

// Enrol trades a token for an identity, which it writes below stateDir, over any older one. Nothing is changed when it
// fails. skew is the server's clock minus this host's.
func Enrol(ctx context.Context, stateDir string, o EnrolOptions) (id *Identity, skew time.Duration, err error) {
	tok, err := wire.ParseToken(o.Token)
	if err != nil {
		return nil, 0, err
	}
	server := tok.Server
	if o.Server != "" {
		server = o.Server
	}
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return nil, 0, fmt.Errorf("make state directory: %w", err)
	}
	key, err := pendingKey(stateDir, o.Key)
	if err != nil {
		return nil, 0, err
	}
	csr, err := request(key)
	if err != nil {
		return nil, 0, err
	}
	client, err := wire.NewClient(wire.ClientOptions{Server: server, Pin: tok.Pin, Protocol: o.Protocol, PacketConn: o.PacketConn})
	if err != nil {
		return nil, 0, err
	}
	defer client.Close() //nolint:errcheck // nothing is written by closing
	if o.Host != nil {
		o.Host.MachineIdDigest = MachineDigest(o.MachineID, tok.Pin)
	}
	resp, err := client.Enrol(ctx, connect.NewRequest(&vymirv1.EnrolRequest{
		Token: o.Token, Csr: csr, Host: o.Host, WireVersion: wire.Version,
	}))
	if connect.CodeOf(err) == connect.CodeAlreadyExists {
		os.Remove(pendingPath(stateDir)) //nolint:errcheck // the server wants another key; the next attempt makes one
	}
	if err != nil {
		return nil, 0, enrolError(err)
	}
	m := resp.Msg
	id = &Identity{
		HostID: m.HostId, Server: server, Recipient: m.Recipient, Site: m.Site, ExportRecipient: m.ExportRecipient,
		ArtefactKeys: bounded(m.ArtefactKeys), EnrolledAt: time.UnixMilli(m.ServerTimeMs).UTC(), Certificate: append([][]byte{m.Certificate}, m.Chain...), Roots: m.Roots, key: key,
	}
	if err := id.parse(); err != nil || id.HostID == "" {
		return nil, 0, fmt.Errorf("enrol: %w: %w", ErrAnswer, errors.Join(err, errors.New("no usable certificate")))
	}
	if err := id.save(stateDir); err != nil {
		return nil, 0, err
	}
	os.Remove(pendingPath(stateDir)) //nolint:errcheck // a key left behind is used by the next enrolment
	return id, time.Until(time.UnixMilli(m.ServerTimeMs)), nil
}

func enrolError(err error) error {
	var c *connect.Error
	if !errors.As(err, &c) {
		return fmt.Errorf("enrol: %w", err)
	}
	switch c.Code() {
	case connect.CodeUnauthenticated, connect.CodeNotFound:
		return fmt.Errorf("enrol: %w: %w", ErrTokenUnknown, err)
	case connect.CodeFailedPrecondition:
		switch c.Message() {
		case "used":
			return fmt.Errorf("enrol: %w: %w", ErrTokenUsed, err)
		case "expired":
			return fmt.Errorf("enrol: %w: %w", ErrTokenExpired, err)
		case "revoked":
			return fmt.Errorf("enrol: %w: %w", ErrTokenRevoked, err)
		case ErrTokenForeign.Error():
			return fmt.Errorf("enrol: %w: %w", ErrTokenForeign, err)
		}
	case connect.CodePermissionDenied, connect.CodeInvalidArgument, connect.CodeUnimplemented, connect.CodeAlreadyExists:
	default:
		return fmt.Errorf("enrol: %w", err)
	}
	return fmt.Errorf("enrol: %w: %w", ErrRefused, err)
}

// Renew asks for a fresh certificate by the one that still holds.
func (id *Identity) Renew(ctx context.Context, stateDir string, client vymirv1connect.AgentServiceClient) error {
	csr, err := request(id.key)
	if err != nil {
		return err
	}
	resp, err := client.Renew(ctx, connect.NewRequest(&vymirv1.RenewRequest{Csr: csr}))
	if err != nil {
		return fmt.Errorf("renew certificate: %w", err)
	}
	return id.Take(stateDir, resp.Msg)
}

// Take replaces what a renewal gives: certificate, roots, and where export files go. Without a certificate the old one stays.
func (id *Identity) Take(stateDir string, m *vymirv1.RenewResponse) error {
	next := *id
	if len(next.ArtefactKeys) == 0 { // a host that has keys follows bundles signed by them, not the server's word
		next.ArtefactKeys = bounded(m.ArtefactKeys)
	}
	leaf, chain := m.Certificate, m.Chain
	if len(leaf) == 0 {
		leaf, chain = next.Certificate[0], next.Certificate[1:]
	}
	if err := next.replace(stateDir, leaf, chain, m.Roots, m.ExportRecipient); err != nil {
		return err
	}
	*id = next
	return nil
}

// bounded keeps what a list of keys may be.
func bounded(keys []string) []string { return keys[:min(len(keys), wire.MaxKeys)] }

// Recover asks for a fresh certificate by proof of the key. client must be one that shows no certificate.
func (id *Identity) Recover(ctx context.Context, stateDir string, client vymirv1connect.AgentServiceClient, now time.Time) error {
	csr, err := request(id.key)
	if err != nil {
		return err
	}
	resp, err := client.Recover(ctx, connect.NewRequest(&vymirv1.RecoverRequest{HostId: id.HostID, Csr: csr, NowMs: now.UnixMilli()}))
	if err != nil {
		return fmt.Errorf("recover certificate: %w", err)
	}
	m := resp.Msg
	return id.replace(stateDir, m.Certificate, m.Chain, m.Roots, "")
}

func (id *Identity) replace(stateDir string, leaf []byte, chain, roots [][]byte, exportRecipient string) error {
	next := *id
	next.Certificate, next.Roots = append([][]byte{leaf}, chain...), roots
	if exportRecipient != "" {
		next.ExportRecipient = exportRecipient
	}
	if err := next.parse(); err != nil {
		return fmt.Errorf("take certificate: %w: %w", ErrAnswer, err)
	}
	if err := next.save(stateDir); err != nil {
		return err
	}
	*id = next
	return nil
}
