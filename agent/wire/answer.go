package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// Errors of sealed answer files.
var (
	ErrAnswer  = errors.New("not a sealed answer of this host's server")
	ErrForeign = errors.New("the answer is for other hosts")
)

const answerContext = "vymir answer 1\n"

// SealAnswer writes body as a sealed answer file: signed by the server's key, compressed, and encrypted to the answer
// recipients of the hosts it is for. certificates are the server's chain with its root, leaf first.
func SealAnswer(w io.Writer, recipients []string, body *vymirv1.AnswerBody, key crypto.Signer, certificates [][]byte) error {
	var to []age.Recipient
	for _, r := range recipients {
		x, err := age.ParseX25519Recipient(r)
		if err != nil {
			return fmt.Errorf("read answer recipient: %w", err)
		}
		to = append(to, x)
	}
	b, err := Marshal(body)
	if err != nil {
		return err
	}
	signature, err := key.Sign(rand.Reader, contextHash(answerContext, b), crypto.SHA256)
	if err != nil {
		return fmt.Errorf("sign answer: %w", err)
	}
	content, err := Marshal(&vymirv1.Answer{WireVersion: Version, Body: b, Signature: signature, Certificates: certificates})
	if err != nil {
		return err
	}
	return encrypt(w, content, to...)
}

// UnsealAnswer reads a sealed answer file with the host's age identity and checks that a server of the stored roots signed
// it: the chain must hold, and carry the serverAuth usage, at some moment not before floor. A file that is sealed for
// others is [ErrForeign]; every other error wraps [ErrAnswer] or [ErrTooLarge].
func UnsealAnswer(r io.Reader, identity age.Identity, roots []*x509.Certificate, floor time.Time) (*vymirv1.AnswerBody, error) {
	content, err := decrypt(r, identity)
	var other *age.NoIdentityMatchError
	switch {
	case errors.As(err, &other):
		return nil, fmt.Errorf("decrypt answer: %w", ErrForeign)
	case errors.Is(err, ErrTooLarge):
		return nil, fmt.Errorf("answer: %w", err)
	case err != nil:
		return nil, fmt.Errorf("open answer: %w: %w", ErrAnswer, err)
	}
	return openAnswer(content, roots, floor)
}

func openAnswer(content []byte, roots []*x509.Certificate, floor time.Time) (*vymirv1.AnswerBody, error) {
	var a vymirv1.Answer
	if err := proto.Unmarshal(content, &a); err != nil {
		return nil, fmt.Errorf("read answer: %w: %w", ErrAnswer, err)
	}
	if a.WireVersion < OldestVersion || a.WireVersion > Version {
		return nil, fmt.Errorf("answer has wire version %d, this build reads %d to %d: %w", a.WireVersion, OldestVersion, Version, ErrAnswer)
	}
	if len(a.Certificates) == 0 || len(a.Certificates) > 8 {
		return nil, fmt.Errorf("answer carries %d certificates: %w", len(a.Certificates), ErrAnswer)
	}
	var chain []*x509.Certificate
	for _, der := range a.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("read certificate of answer: %w: %w", ErrAnswer, err)
		}
		chain = append(chain, c)
	}
	if len(roots) == 0 { // without any, a pin would be asked for, and there is none
		return nil, fmt.Errorf("check answer: no root is known: %w", ErrAnswer)
	}
	if err := (trust{roots: roots, floor: floor}).verify(tls.ConnectionState{PeerCertificates: chain}); err != nil {
		return nil, fmt.Errorf("check answer: %w: %w", ErrAnswer, err)
	}
	key, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(key, contextHash(answerContext, a.Body), a.Signature) {
		return nil, fmt.Errorf("answer is not signed by the server's key: %w", ErrAnswer)
	}
	var body vymirv1.AnswerBody
	if err := proto.Unmarshal(a.Body, &body); err != nil {
		return nil, fmt.Errorf("read answer: %w: %w", ErrAnswer, err)
	}
	for _, x := range body.Artefacts {
		if n := MaxArtefactBytes(x.GetKind()); uint64(len(x.GetData())) > n && n > 0 {
			return nil, fmt.Errorf("%s of %d bytes in answer: %w", x.Kind, len(x.Data), ErrTooLarge)
		}
	}
	return &body, nil
}

// encrypt compresses content and writes it as an age file.
func encrypt(w io.Writer, content []byte, to ...age.Recipient) error {
	if len(content) > MaxExportBytes {
		return fmt.Errorf("sealed file of %d bytes: %w", len(content), ErrTooLarge)
	}
	packed, err := Compress(content)
	if err != nil {
		return err
	}
	e, err := age.Encrypt(w, to...)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	if _, err := e.Write(packed); err != nil {
		return fmt.Errorf("write sealed file: %w", err)
	}
	if err := e.Close(); err != nil {
		return fmt.Errorf("write sealed file: %w", err)
	}
	return nil
}

// decrypt is the inverse of encrypt.
func decrypt(r io.Reader, identities ...age.Identity) ([]byte, error) {
	d, err := age.Decrypt(r, identities...)
	if err != nil {
		return nil, err
	}
	packed, err := io.ReadAll(io.LimitReader(d, MaxExportBytes+1))
	if err != nil {
		return nil, err
	}
	if len(packed) > MaxExportBytes {
		return nil, ErrTooLarge
	}
	return Decompress(packed, MaxExportBytes)
}

// contextHash is what is signed: the context keeps a signature of one format from counting in another.
func contextHash(context string, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(context))
	h.Write(body)
	return h.Sum(nil)
}
