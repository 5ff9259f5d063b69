package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// ErrSealed is returned when a sealed export file cannot be opened: damaged, for another recipient, or not signed by
// the host it names.
var ErrSealed = errors.New("not a sealed export file for this server")

const exportContext = "vymir export 1\n"

// Seal writes body as a sealed export file: signed by the host's key, compressed, and encrypted to recipient (an age
// X25519 recipient, "age1..."). certificates are the host's chain, leaf first, which the reader checks the signature by.
func Seal(w io.Writer, recipient string, body *vymirv1.ExportBody, key crypto.Signer, certificates [][]byte) error {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return fmt.Errorf("read export recipient: %w", err)
	}
	b, err := Marshal(body)
	if err != nil {
		return err
	}
	signature, err := key.Sign(rand.Reader, contextHash(exportContext, b), crypto.SHA256)
	if err != nil {
		return fmt.Errorf("sign export: %w", err)
	}
	content, err := Marshal(&vymirv1.Export{WireVersion: Version, Body: b, Signature: signature, Certificates: certificates})
	if err != nil {
		return err
	}
	return encrypt(w, content, to)
}

// Unseal reads a sealed export file with the server's age identities and checks the signature against the file's own
// leaf certificate. Whether that certificate is one of the server's hosts (and not revoked) is for the caller to check;
// its validity in time is not asked, since a stick may travel long. Every error wraps [ErrSealed] or [ErrTooLarge].
func Unseal(r io.Reader, identities ...age.Identity) (*vymirv1.ExportBody, []*x509.Certificate, error) {
	content, err := decrypt(r, identities...)
	if errors.Is(err, ErrTooLarge) {
		return nil, nil, fmt.Errorf("export: %w", err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open export: %w: %w", ErrSealed, err)
	}
	return openExport(content)
}

func openExport(content []byte) (*vymirv1.ExportBody, []*x509.Certificate, error) {
	var e vymirv1.Export
	if err := proto.Unmarshal(content, &e); err != nil {
		return nil, nil, fmt.Errorf("read export: %w: %w", ErrSealed, err)
	}
	if e.WireVersion < OldestVersion || e.WireVersion > Version {
		return nil, nil, fmt.Errorf("export has wire version %d, this build reads %d to %d: %w", e.WireVersion, OldestVersion, Version, ErrSealed)
	}
	if len(e.Certificates) == 0 || len(e.Certificates) > 8 {
		return nil, nil, fmt.Errorf("export carries %d certificates: %w", len(e.Certificates), ErrSealed)
	}
	var chain []*x509.Certificate
	for _, der := range e.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, fmt.Errorf("read certificate of export: %w: %w", ErrSealed, err)
		}
		chain = append(chain, c)
	}
	key, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(key, contextHash(exportContext, e.Body), e.Signature) {
		return nil, nil, fmt.Errorf("export is not signed by the host's key: %w", ErrSealed)
	}
	var body vymirv1.ExportBody
	if err := proto.Unmarshal(e.Body, &body); err != nil {
		return nil, nil, fmt.Errorf("read export: %w: %w", ErrSealed, err)
	}
	for _, it := range body.Items {
		if err := CheckItem(it); err != nil {
			return nil, nil, fmt.Errorf("read export: %w: %w", ErrSealed, err)
		}
		if it.GetDelta() != nil {
			return nil, nil, fmt.Errorf("export item %d is a delta: %w", it.Sequence, ErrSealed)
		}
	}
	return &body, chain, nil
}
