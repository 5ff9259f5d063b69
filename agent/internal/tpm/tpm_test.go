package tpm_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"testing"

	"github.com/vymir-project/vymir/agent/internal/tpm"
	"github.com/vymir-project/vymir/agent/internal/tpm/tpmtest"
)

// TestKeyLivesAndDiesWithItsTPM signs, loses the TPM, gets it back, and clears it.
func TestKeyLivesAndDiesWithItsTPM(t *testing.T) {
	chip := tpmtest.Start(t)
	made, err := tpm.Create(chip.Device)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("x"))
	sign := func(want error) {
		t.Helper()
		k, err := tpm.Open(chip.Device, made.Blob()) // as after a restart
		if err != nil {
			t.Fatal(err)
		}
		s, err := k.Sign(rand.Reader, digest[:], crypto.SHA256)
		if !errors.Is(err, want) || !errors.Is(k.Err(), want) {
			t.Fatalf("got %v (kept %v), want %v", err, k.Err(), want)
		}
		if want == nil && !ecdsa.VerifyASN1(made.Public().(*ecdsa.PublicKey), digest[:], s) {
			t.Error("the signature is not good")
		}
	}
	for range 8 { // a TPM has room for three keys: each must be given back
		sign(nil)
	}
	chip.Remove()
	sign(tpm.ErrAbsent)
	chip.Plug()
	sign(nil)
	chip.Clear()
	sign(tpm.ErrCleared)
}

func TestNoTPM(t *testing.T) {
	if _, err := tpm.Create(filepath.Join(t.TempDir(), "none")); !errors.Is(err, tpm.ErrAbsent) {
		t.Errorf("error is %v, want ErrAbsent", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte{0, 35, 0, 11, 0, 4, 0, 114, 0, 0, 0, 16, 0, 24, 0, 11, 0, 3, 0, 16, 0, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, public []byte) {
		tpm.Open("x", tpm.Blob{Public: public}) //nolint:errcheck // it must only not panic
	})
}
