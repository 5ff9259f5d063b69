package uplink

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// sealed is an answer to this host as its server writes it.
func (b *bench) sealed(host string, number, acknowledged uint64, refused ...*vymirv1.Refusal) []byte {
	b.t.Helper()
	key, err := identity.AnswerKey(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	by := b.server.CA.Leaf(b.t, "server", x509.ExtKeyUsageServerAuth, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	body := &vymirv1.AnswerBody{ServerTimeMs: time.Now().UnixMilli(), Hosts: []*vymirv1.HostAnswer{
		{HostId: "h-else", Number: 99, Response: &vymirv1.CheckInResponse{Acknowledged: 99}},
		{HostId: host, Number: number, Response: &vymirv1.CheckInResponse{Acknowledged: acknowledged, Refused: refused, Directives: &vymirv1.Directives{Withhold: []string{"os"}}}},
	}}
	var file bytes.Buffer
	if err := wire.SealAnswer(&file, []string{key.Recipient().String()}, body, by.PrivateKey.(crypto.Signer), by.Certificate); err != nil {
		b.t.Fatal(err)
	}
	return file.Bytes()
}

func (b *bench) take(file []byte) (Taken, error) {
	b.t.Helper()
	body, err := ReadAnswer(bytes.NewReader(file), b.dir, b.id)
	if err != nil {
		return Taken{}, err
	}
	return TakeAnswer(Options{StateDir: b.dir, Identity: b.id, Outbox: b.outbox}, body)
}

// TestAnswersByStick takes answers in the wrong order, twice, for others, and mixed with check-ins: nothing is lost, nothing comes twice.
func TestAnswersByStick(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	for range 4 {
		b.assess()
	}
	first, second := b.sealed(b.id.HostID, 10, 1), b.sealed(b.id.HostID, 11, 3, &vymirv1.Refusal{Sequence: 2, Code: wire.RefusedMalformed, Permanent: true})
	if got, err := b.take(second); err != nil || got.Delivered != 2 || got.Refused != 1 {
		t.Fatalf("second stick: %+v, %v", got, err)
	}
	if st := b.outbox.Stats(); st.Items != 1 || st.Acknowledged != 3 || st.Dropped != 1 {
		t.Errorf("outbox: %+v", st)
	}
	if got, err := b.take(second); err != nil || !got.Again {
		t.Errorf("the same again: %+v, %v", got, err)
	}
	if _, err := b.take(first); !errors.Is(err, ErrOlder) {
		t.Errorf("older one: %v", err)
	}
	if _, err := b.take(b.sealed("h-other", 12, 4)); !errors.Is(err, wire.ErrForeign) {
		t.Errorf("of another host: %v", err)
	}
	s := LoadState(b.dir)
	if len(s.Withhold) != 1 || s.Answer.Number != 11 || !s.LastCheckIn.IsZero() || s.SkewSeconds != 0 {
		t.Errorf("state is %+v: a stick says nothing of the line and of now", s)
	}
	// Back on a line: what no stick acknowledged goes, and an answer written before that brings nothing back.
	b.server.Mu.Lock()
	b.server.Hosts[b.id.HostID].Acknowledged = 3
	b.server.Mu.Unlock()
	b.restart()
	b.checkIn()
	if st := b.outbox.Stats(); st.Items != 0 || st.Acknowledged != 4 {
		t.Errorf("outbox after the check-in: %+v", st)
	}
	if got, err := b.take(b.sealed(b.id.HostID, 12, 3)); err != nil || got.Delivered != 0 {
		t.Errorf("answer from before the check-in: %+v, %v", got, err)
	}
	if st := b.outbox.Stats(); st.Items != 0 || st.Acknowledged != 4 {
		t.Errorf("outbox after a late answer: %+v", st)
	}
}
