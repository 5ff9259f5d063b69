package wire_test

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"filippo.io/age"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// TestAnswer seals for two hosts: both read it, nobody else does, and only what a server of the root signed counts.
func TestAnswer(t *testing.T) {
	ca, other := fakeserver.NewCA(t), fakeserver.NewCA(t)
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	server := ca.Leaf(t, "server", x509.ExtKeyUsageServerAuth, from, to)
	host := ca.Leaf(t, "h1", x509.ExtKeyUsageClientAuth, from, to)
	stranger := other.Leaf(t, "server", x509.ExtKeyUsageServerAuth, from, to)
	var ids []*age.X25519Identity
	for range 3 {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	recipients := []string{ids[0].Recipient().String(), ids[1].Recipient().String()}
	body := &vymirv1.AnswerBody{
		ServerTimeMs: 1, Hosts: []*vymirv1.HostAnswer{{HostId: "h1", Number: 7, Response: &vymirv1.CheckInResponse{Acknowledged: 3}}},
		Artefacts: []*vymirv1.SealedArtefact{{Kind: wire.KindVulns, Name: "Debian:12", Revision: 1, Data: bytes.Repeat([]byte("an index "), 2<<20)}},
	}
	seal := func(by tls.Certificate, body *vymirv1.AnswerBody) []byte {
		t.Helper()
		var b bytes.Buffer
		if err := wire.SealAnswer(&b, recipients, body, by.PrivateKey.(crypto.Signer), by.Certificate); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	good := seal(server, body)
	roots := []*x509.Certificate{ca.Cert}
	small := &vymirv1.AnswerBody{Hosts: body.Hosts}
	huge := &vymirv1.AnswerBody{Artefacts: []*vymirv1.SealedArtefact{{Kind: wire.KindBundle, Data: make([]byte, wire.MaxBundleBytes+1)}}}
	for _, c := range []struct {
		name  string
		file  []byte
		id    *age.X25519Identity
		floor time.Time
		want  error
	}{
		{"first-host", good, ids[0], time.Time{}, nil},
		{"second-host", good, ids[1], time.Now(), nil},
		{"other-host", good, ids[2], time.Time{}, wire.ErrForeign},
		{"cut", good[:len(good)-40], ids[0], time.Time{}, wire.ErrAnswer},
		{"empty", nil, ids[0], time.Time{}, wire.ErrAnswer},
		{"signed-by-a-host", seal(host, small), ids[0], time.Time{}, wire.ErrAnswer},
		{"signed-by-another-server", seal(stranger, small), ids[0], time.Time{}, wire.ErrAnswer},
		{"certificate-ended-before-what-is-known", good, ids[0], time.Now().Add(48 * time.Hour), wire.ErrAnswer},
		{"artefact-too-large", seal(server, huge), ids[0], time.Time{}, wire.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := wire.UnsealAnswer(bytes.NewReader(c.file), c.id, roots, c.floor)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want == nil && !proto.Equal(got, body) {
				t.Error("the answer changed on the way")
			}
		})
	}
	if _, err := wire.UnsealAnswer(bytes.NewReader(good), ids[0], nil, time.Time{}); !errors.Is(err, wire.ErrAnswer) {
		t.Errorf("without roots: %v", err)
	}
	// The body of one signed by the key of another leaf.
	var b bytes.Buffer
	if err := wire.SealAnswer(&b, recipients, small, stranger.PrivateKey.(crypto.Signer), server.Certificate); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.UnsealAnswer(&b, ids[0], roots, time.Time{}); !errors.Is(err, wire.ErrAnswer) {
		t.Errorf("forged: %v", err)
	}
}
