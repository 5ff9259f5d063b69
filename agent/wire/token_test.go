package wire

import (
	"errors"
	"strings"
	"testing"
)

func TestTokenRoundTrip(t *testing.T) {
	want := Token{Server: "vymir.example.gov.ua:7443", Pin: [32]byte{1, 2}, Secret: [32]byte{3, 4}}
	text, err := want.Text()
	if err != nil {
		t.Fatal(err)
	}
	wrapped := "  " + text[:40] + "\r\n " + text[40:] + "\n"
	for _, s := range []string{text, wrapped} {
		got, err := ParseToken(s)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("token is %#v, want %#v", got, want)
		}
	}
	if strings.Contains(want.String(), text[50:70]) {
		t.Error("String shows the secret")
	}
}

func TestTokenDamaged(t *testing.T) {
	text, _ := Token{Server: "h:1"}.Text()
	for i := range text {
		b := []byte(text)
		b[i] ^= 1
		if got, err := ParseToken(string(b)); err == nil {
			t.Errorf("character %d changed: taken as %#v", i, got)
		} else if !errors.Is(err, ErrToken) {
			t.Errorf("error is %v, want ErrToken", err)
		}
		if _, err := ParseToken(text[:i]); !errors.Is(err, ErrToken) {
			t.Errorf("cut at %d: error is %v, want ErrToken", i, err)
		}
	}
}

func TestTokenAddress(t *testing.T) {
	for _, s := range []string{"", "host", "host:0", "host:99999", ":7443", "a b:1", "http://x:1", strings.Repeat("x", 300) + ":1"} {
		if _, err := (Token{Server: s}).Text(); err == nil {
			t.Errorf("address %q was taken", s)
		}
	}
	for _, s := range []string{"10.0.0.1:7443", "[2001:db8::1]:7443", "сервер.укр:7443"} {
		if err := CheckAddress(s); err != nil {
			t.Error(err)
		}
	}
}
