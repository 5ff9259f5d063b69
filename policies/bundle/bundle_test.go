package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"
)

var created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func sample() *Bundle {
	return &Bundle{
		Manifest:  Manifest{Name: "vymir", Revision: 7, Created: created, Expires: created.AddDate(1, 0, 0)},
		Modules:   map[string][]byte{"baseline/a/b/b.rego": []byte("package baseline.a.b\n"), "lib/x.rego": []byte("package lib.x\n")},
		Catalogue: []byte(`{"schema": "x"}`),
	}
}

func keys(t testing.TB) (minisign.PublicKey, minisign.PrivateKey) {
	t.Helper()
	pub, priv, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pub, priv
}

func TestWriteRead(t *testing.T) {
	pub, priv := keys(t)
	other, _ := keys(t)
	var b bytes.Buffer
	if err := Write(&b, sample(), priv); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(b.Bytes()), other, pub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample().Modules, got.Modules); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	if got.Digest() != sample().Digest() || got.Manifest.Revision != 7 || got.Manifest.Schema != Schema {
		t.Errorf("got %+v", got.Manifest)
	}
	if _, err := Read(bytes.NewReader(b.Bytes()), other); !errors.Is(err, ErrUnsigned) {
		t.Errorf("another key: got %v, want ErrUnsigned", err)
	}
	if _, err := Read(bytes.NewReader(b.Bytes())); !errors.Is(err, ErrUnsigned) {
		t.Errorf("no key: got %v, want ErrUnsigned", err)
	}
	for i := range b.Len() { // any cut, any flipped bit
		if _, err := Read(bytes.NewReader(b.Bytes()[:i]), pub); err == nil {
			t.Fatalf("cut at %d: read", i)
		}
	}
	data := b.Bytes()
	for i := len(magic); i < len(data); i += 7 {
		data[i] ^= 1
		if got, err := Read(bytes.NewReader(data), pub); err == nil && got.Digest() != sample().Digest() {
			t.Fatalf("bit flipped at %d: read as something else", i)
		}
		data[i] ^= 1
	}
}

func TestAccept(t *testing.T) {
	in := Manifest{Name: "vymir", Revision: 7}
	at := func(name string, revision uint64) *Bundle {
		b := sample()
		b.Manifest.Name, b.Manifest.Revision = name, revision
		return b
	}
	for _, tc := range []struct {
		name    string
		current Manifest
		next    *Bundle
		now     time.Time
		want    error
	}{
		{"first", Manifest{}, at("vymir", 1), created, nil},
		{"newer", in, at("vymir", 8), created, nil},
		{"same", in, at("vymir", 7), created, nil},
		{"older", in, at("vymir", 6), created, ErrOlder},
		{"other", in, at("mine", 9), created, ErrOther},
		{"expired", in, at("vymir", 8), created.AddDate(1, 0, 0), ErrExpired},
	} {
		if err := Accept(tc.current, tc.next, tc.now); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

// signed wraps any payload as its rightful signer would, so that what stands behind the signature is tested too.
func signed(payload []byte, priv minisign.PrivateKey) []byte {
	sig := minisign.Sign(priv, payload)
	out := append([]byte(magic), binary.BigEndian.AppendUint32(nil, uint32(len(sig)))...)
	return append(append(out, sig...), payload...)
}

type entry struct {
	name string
	data string
	kind byte
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.data))}
		if e.kind != 0 {
			h.Typeflag, h.Size, h.Linkname = e.kind, 0, e.data
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if e.kind == 0 {
			if _, err := w.Write([]byte(e.data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadRefusesHostileContent(t *testing.T) {
	pub, priv := keys(t)
	manifest := func(files string) entry {
		return entry{name: manifestName, data: `{"schema": "vymir.bundle/1", "name": "x", "revision": 1, "files": {` + files + `}}`}
	}
	for name, tc := range map[string]struct {
		payload []byte
		want    error
	}{
		"empty":         {nil, ErrFormat},
		"not-gzip":      {[]byte("hello"), ErrFormat},
		"no-manifest":   {archive(t, entry{name: "a.rego", data: "x"}), ErrFormat},
		"bad-manifest":  {archive(t, entry{name: manifestName, data: "[]"}), ErrFormat},
		"unlisted-file": {archive(t, manifest(""), entry{name: "a.rego", data: "x"}), ErrFormat},
		"missing-file":  {archive(t, manifest(`"a.rego": "00"`)), ErrFormat},
		"wrong-digest":  {archive(t, manifest(`"a.rego": "00"`), entry{name: "a.rego", data: "x"}), ErrFormat},
		"symlink":       {archive(t, manifest(""), entry{"a.rego", "/etc/shadow", tar.TypeSymlink}), ErrFormat},
		"twice":         {archive(t, manifest(""), entry{name: "a.rego"}, entry{name: "a.rego"}), ErrFormat},
		"bomb":          {archive(t, manifest(""), entry{name: "a.rego", data: strings.Repeat("x", maxFile+1)}), ErrTooLarge},
		"bomb-in-parts": {archive(t, manifest(""), entry{name: "a.rego", data: strings.Repeat("x", maxFile)}, entry{name: "b.rego", data: strings.Repeat("x", maxFile)}, entry{name: "c.rego", data: "x"}), ErrTooLarge},
	} {
		if _, err := Read(bytes.NewReader(signed(tc.payload, priv)), pub); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	if _, err := Read(bytes.NewReader(make([]byte, maxPacked+1)), pub); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large: got %v, want ErrTooLarge", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	_, priv := keys(t)
	for name, spoil := range map[string]func(*Bundle){
		"path-up":       func(b *Bundle) { b.Modules["../x.rego"] = nil },
		"path-absolute": func(b *Bundle) { b.Modules["/x.rego"] = nil },
		"path-data":     func(b *Bundle) { b.Modules["lib/data.json"] = nil },
		"no-name":       func(b *Bundle) { b.Manifest.Name = "" },
		"no-revision":   func(b *Bundle) { b.Manifest.Revision = 0 },
	} {
		b := sample()
		spoil(b)
		if err := Write(&bytes.Buffer{}, b, priv); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
}

func TestParseKeys(t *testing.T) {
	one, _ := keys(t)
	two, _ := keys(t)
	got, err := ParseKeys("untrusted comment: minisign public key ABC\n"+one.String()+"\n\n# the next one\n", two.String())
	if err != nil || len(got) != 2 || !got[0].Equal(one) || !got[1].Equal(two) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, text := range map[string]string{"empty": "", "comment": "untrusted comment: x", "nonsense": "hello", "many": strings.Repeat(one.String()+"\n", MaxKeys+1)} {
		if _, err := ParseKeys(text); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
}

// TestKeyRotation: a bundle signed by the old key names the new one; what follows is signed by that.
func TestKeyRotation(t *testing.T) {
	oldPub, oldPriv := keys(t)
	newPub, newPriv := keys(t)
	trusted := []minisign.PublicKey{oldPub}
	turn := sample()
	turn.Manifest.Keys = []string{newPub.String()}
	for _, c := range []struct {
		b    *Bundle
		key  minisign.PrivateKey
		want error
	}{{sample(), newPriv, ErrUnsigned}, {turn, oldPriv, nil}, {sample(), oldPriv, ErrUnsigned}, {sample(), newPriv, nil}} {
		var file bytes.Buffer
		if err := Write(&file, c.b, c.key); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&file, trusted...)
		if !errors.Is(err, c.want) {
			t.Fatalf("got %v, want %v", err, c.want)
		}
		if err == nil {
			if trusted, err = got.Manifest.Trusted(trusted); err != nil {
				t.Fatal(err)
			}
		}
	}
	bad := sample()
	bad.Manifest.Keys = []string{"hello"}
	if err := Write(&bytes.Buffer{}, bad, oldPriv); !errors.Is(err, ErrFormat) {
		t.Errorf("a manifest with a broken key: %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	payload, err := pack(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := unpack(data); err == nil && (b.Catalogue == nil || len(b.Modules) == 0 || b.Manifest.Revision == 0) {
			t.Errorf("read an incomplete bundle: %+v", b.Manifest)
		}
	})
}
