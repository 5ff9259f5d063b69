package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSeal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "seal.key")
	k, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text := k.Seal("totp:u-1", []byte("secret"))
	if got, err := again.Unseal("totp:u-1", text); err != nil || string(got) != "secret" {
		t.Fatalf("got %q, %v", got, err)
	}
	other, err := New(bytes.Repeat([]byte{1}, keyBytes))
	if err != nil {
		t.Fatal(err)
	}
	changed := []byte(text)
	changed[len(changed)-3] ^= 1
	for name, f := range map[string]func() ([]byte, error){
		"another-person": func() ([]byte, error) { return k.Unseal("totp:u-2", text) },
		"another-key":    func() ([]byte, error) { return other.Unseal("totp:u-1", text) },
		"changed":        func() ([]byte, error) { return k.Unseal("totp:u-1", string(changed)) },
		"empty":          func() ([]byte, error) { return k.Unseal("totp:u-1", "") },
		"plain":          func() ([]byte, error) { return k.Unseal("totp:u-1", "secret") },
	} {
		if _, err := f(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: got %v, want ErrSealed", name, err)
		}
	}
	if k.Tag("a", "bc") == k.Tag("ab", "c") || k.Tag("a", "b") != again.Tag("a", "b") || k.Tag("a", "b") == other.Tag("a", "b") {
		t.Error("tags")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short")
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(short, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(open, make([]byte, keyBytes), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{short, open, filepath.Join(dir, "none", "key")} {
		if _, err := Open(name); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
