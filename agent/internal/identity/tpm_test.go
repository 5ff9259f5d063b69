package identity

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/tpm"
	"github.com/vymir-project/vymir/agent/internal/tpm/tpmtest"
	"github.com/vymir-project/vymir/agent/wire"
)

// TestKeyInTPM enrols by a key that never is on the disk, speaks to the server by it on both protocols, and comes back by a new
// enrolment once the TPM was cleared.
func TestKeyInTPM(t *testing.T) {
	chip, s, dir := tpmtest.Start(t), fakeserver.Start(t, fakeserver.Options{}), t.TempDir()
	enrol := func(place KeyPlace) (*Identity, error) {
		id, _, err := Enrol(t.Context(), dir, EnrolOptions{Token: s.Token(t), Key: place})
		return id, err
	}
	if _, err := enrol(KeyPlace{Device: chip.Device, Required: true}); err != nil {
		t.Fatal(err)
	}
	renew := func(p wire.Protocol) error {
		id, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !id.InTPM() {
			t.Fatal("the key is not in the TPM")
		}
		c, err := wire.NewClient(wire.ClientOptions{Server: s.Addr, Roots: id.ServerRoots(), Certificate: id.TLS(), Protocol: p})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // a test's
		return errors.Join(id.Renew(t.Context(), dir, c), id.KeyError())
	}
	for _, p := range []wire.Protocol{wire.QUIC, wire.TCP} {
		if err := renew(p); err != nil {
			t.Errorf("renewal by %s: %v", p, err)
		}
	}
	file, err := os.ReadFile(filepath.Join(dir, "identity"))
	if err != nil || bytes.Contains(file, []byte(`"key"`)) {
		t.Errorf("the identity file holds a key (%v)", err)
	}
	chip.Remove()
	if err := renew(wire.TCP); !errors.Is(err, tpm.ErrAbsent) {
		t.Errorf("without its TPM: %v", err)
	}
	chip.Plug()
	if err := renew(wire.TCP); err != nil {
		t.Errorf("with it again: %v", err)
	}
	chip.Clear()
	for _, p := range []wire.Protocol{wire.QUIC, wire.TCP} {
		if err := renew(p); !errors.Is(err, tpm.ErrCleared) {
			t.Errorf("after clearing, by %s: %v", p, err)
		}
	}
	if _, err := enrol(KeyPlace{Device: chip.Device, Required: true}); err != nil {
		t.Errorf("enrolling again: %v", err)
	}
	if err := renew(wire.TCP); err != nil {
		t.Errorf("with the new key: %v", err)
	}
}

// TestKeyPlace: a host without a TPM gets a key in a file, unless its administrator requires one; a key that was made for an
// enrolment whose answer was lost and whose TPM is gone is not taken again.
func TestKeyPlace(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	dir := t.TempDir()
	if _, err := pendingKey(dir, KeyPlace{Device: none, Required: true}); !errors.Is(err, tpm.ErrAbsent) {
		t.Errorf("required: %v", err)
	}
	if _, err := pendingKey(dir, KeyPlace{Device: none}); err != nil {
		t.Errorf("wished: %v", err)
	}
	if _, err := pendingKey(dir, KeyPlace{Device: none, Required: true}); !errors.Is(err, tpm.ErrAbsent) {
		t.Errorf("required after a key in a file: %v", err)
	}
	chip, dir := tpmtest.Start(t), t.TempDir()
	place := KeyPlace{Device: chip.Device}
	first, err := pendingKey(dir, place)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := pendingKey(dir, place); err != nil || !bytes.Equal(again.(*tpm.Key).Blob().Public, first.(*tpm.Key).Blob().Public) {
		t.Errorf("asking again makes another key (%v)", err)
	}
	chip.Clear()
	if again, err := pendingKey(dir, place); err != nil || bytes.Equal(again.(*tpm.Key).Blob().Public, first.(*tpm.Key).Blob().Public) {
		t.Errorf("after clearing the dead key is taken again (%v)", err)
	}
}
