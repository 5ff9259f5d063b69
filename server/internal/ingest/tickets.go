package ingest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// maxCertificates bounds what is remembered of hosts' certificates: about half a KB each.
const maxCertificates = 20_000

// maxTicket bounds the tickets that are looked at.
const maxTicket = 2048

// tickets makes TLS session tickets that any process on the same store understands, and that are small: some 130 bytes where
// Go's own are 1.6 KB, because a ticket names the certificates of its session instead of carrying them. The host's stands in the
// store by its serial, the issuers' are known. A ticket is
//
//	key id (4) | nonce (12) | AES-128-GCM( serial length (1) | serial | state with the certificates taken out )
//
// and one that cannot be opened (another server's, old, changed) costs a full handshake and nothing else. Go asks for ECDHE with
// each resumption, so that who learns a key later reads nothing of what went by.
type tickets struct {
	keys    *ticketKeys
	store   *store.Store
	issuers func() [][]byte // certificates of our CA, DER
	resumed *atomic.Uint64

	mu    sync.Mutex
	known map[string][]byte // certificates by serial, DER
}

// wrap makes the ticket of a session; see [tls.Config.WrapSession].
func (t *tickets) wrap(cs tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
	key, err := t.keys.current()
	if err != nil {
		return nil, nil //nolint:nilerr // without a key there is no ticket: the host makes a full handshake next time
	}
	s.Extra = nil // what QUIC adds is for 0-RTT, which is never accepted
	state, err := s.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode session: %w", err)
	}
	plain, certificates := []byte{0}, t.issuers()
	if len(cs.PeerCertificates) > 0 {
		leaf := cs.PeerCertificates[0]
		serial := fmt.Sprintf("%x", leaf.SerialNumber)
		t.remember(serial, leaf.Raw)
		raw := leaf.SerialNumber.Bytes()
		plain = append([]byte{byte(len(raw))}, raw...)
		certificates = append([][]byte{leaf.Raw}, certificates...)
	}
	plain = append(plain, takeOut(state, certificates)...)
	out := binary.BigEndian.AppendUint32(make([]byte, 0, 4+12+len(plain)+16), key.ID)
	nonce := make([]byte, 12)
	rand.Read(nonce)
	out = append(out, nonce...)
	return key.aead.Seal(out, nonce, plain, nil), nil
}

// unwrap gives the session of a ticket; see [tls.Config.UnwrapSession].
func (t *tickets) unwrap(identity []byte, _ tls.ConnectionState) (*tls.SessionState, error) {
	state, err := t.open(identity)
	if err != nil {
		return nil, nil //nolint:nilerr // a full handshake follows
	}
	s, err := tls.ParseSessionState(state)
	if err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	t.resumed.Add(1)
	return s, nil
}

var errTicket = errors.New("no ticket of ours")

// open is the inverse of what wrap does to a session's encoding.
func (t *tickets) open(identity []byte) ([]byte, error) {
	if len(identity) < 4+12+16+1 || len(identity) > maxTicket {
		return nil, errTicket
	}
	key, ok := t.keys.byID(binary.BigEndian.Uint32(identity))
	if !ok {
		return nil, errTicket
	}
	plain, err := key.aead.Open(nil, identity[4:16], identity[16:], nil)
	if err != nil || len(plain) == 0 || len(plain) < 1+int(plain[0]) {
		return nil, errTicket
	}
	serial, rest := plain[1:1+int(plain[0])], plain[1+int(plain[0]):]
	certificates := t.issuers()
	if len(serial) > 0 {
		leaf, err := t.certificate(fmt.Sprintf("%x", new(big.Int).SetBytes(serial)))
		if err != nil {
			return nil, err
		}
		certificates = append([][]byte{leaf}, certificates...)
	}
	return putBack(rest, certificates)
}

// certificate gives a host's certificate by its serial.
func (t *tickets) certificate(serial string) ([]byte, error) {
	t.mu.Lock()
	der := t.known[serial]
	t.mu.Unlock()
	if der != nil {
		return der, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := t.store.View(ctx, func(tx *store.Tx) (err error) { der, err = tx.CertificateDER(serial); return err }); err != nil {
		return nil, fmt.Errorf("read certificate of a session: %w", err)
	}
	t.remember(serial, der)
	return der, nil
}

func (t *tickets) remember(serial string, der []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string][]byte{}
	}
	if _, ok := t.known[serial]; !ok && len(t.known) >= maxCertificates {
		for some := range t.known {
			delete(t.known, some) // any: the store has it
			break
		}
	}
	t.known[serial] = der
}

// takeOut writes b with each occurrence of one of the certificates replaced by the first bytes of its digest: the length of what
// stands before it, that, and the digest. Nothing is supposed of the encoding of b.
func takeOut(b []byte, certificates [][]byte) []byte {
	var out []byte
	for {
		at, which := -1, 0
		for i, c := range certificates {
			if j := bytes.Index(b, c); j >= 0 && (at < 0 || j < at) {
				at, which = j, i
			}
		}
		if at < 0 {
			return append(binary.AppendUvarint(out, uint64(len(b))), b...)
		}
		out = append(binary.AppendUvarint(out, uint64(at)), b[:at]...)
		d := sha256.Sum256(certificates[which])
		out = append(out, d[:4]...)
		b = b[at+len(certificates[which]):]
	}
}

// putBack is the inverse of takeOut; a certificate that is not at hand is an error.
func putBack(b []byte, certificates [][]byte) ([]byte, error) {
	var out []byte
	for {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, errTicket
		}
		out, b = append(out, b[used:used+int(n)]...), b[used+int(n):]
		if len(b) == 0 {
			return out, nil
		}
		if len(b) < 4 {
			return nil, errTicket
		}
		found := false
		for _, c := range certificates {
			if d := sha256.Sum256(c); bytes.Equal(d[:4], b[:4]) {
				out, b, found = append(out, c...), b[4:], true
				break
			}
		}
		if !found || len(out) > 1<<16 {
			return nil, errTicket
		}
	}
}
