package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"aead.dev/minisign"
)

const (
	magic         = "vymir-policies 1\n"
	manifestName  = "manifest.json"
	catalogueName = "catalogue.json"

	maxPacked    = 8 << 20  // bytes of the file
	maxUnpacked  = 32 << 20 // bytes of all files in it
	maxFile      = 16 << 20 // bytes of one file in it
	maxFiles     = 2000
	maxSignature = 4 << 10
)

// Write signs b with key and writes it to w. It fills in the manifest's schema and files. The same bundle and
// key give the same bytes.
func Write(w io.Writer, b *Bundle, key minisign.PrivateKey) error {
	payload, err := pack(b)
	if err != nil {
		return fmt.Errorf("write policy bundle: %w", err)
	}
	m := b.Manifest
	comment := fmt.Sprintf("%s revision %d", m.Name, m.Revision)
	sig := minisign.SignWithComments(key, payload, comment, "vymir policies")
	if len(payload)+len(sig)+len(magic)+4 > maxPacked {
		return fmt.Errorf("write policy bundle: %w", ErrTooLarge)
	}
	out := append([]byte(magic), binary.BigEndian.AppendUint32(nil, uint32(len(sig)))...)
	out = append(append(out, sig...), payload...)
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("write policy bundle: %w", err)
	}
	return nil
}

// Read reads one bundle from r, verifies its signature against keys before anything is unpacked, and checks that its content is
// what its manifest lists. Whether it may replace the one in force is for [Accept] to say.
func Read(r io.Reader, keys ...minisign.PublicKey) (*Bundle, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPacked+1))
	if err != nil {
		return nil, fmt.Errorf("read policy bundle: %w", err)
	}
	payload, err := Verify(data, keys...)
	if err != nil {
		return nil, err
	}
	b, err := unpack(payload)
	if err != nil {
		return nil, fmt.Errorf("read policy bundle: %w", err)
	}
	return b, nil
}

// Verify checks the signature of a whole bundle file and returns the bytes it covers.
func Verify(data []byte, keys ...minisign.PublicKey) ([]byte, error) {
	if len(data) > maxPacked {
		return nil, fmt.Errorf("verify policy bundle: %w", ErrTooLarge)
	}
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok || len(rest) < 4 {
		return nil, fmt.Errorf("verify policy bundle: %w", ErrFormat)
	}
	n := binary.BigEndian.Uint32(rest)
	rest = rest[4:]
	if n > maxSignature || int(n) > len(rest) {
		return nil, fmt.Errorf("verify policy bundle: signature of %d bytes: %w", n, ErrFormat)
	}
	sig, payload := rest[:n], rest[n:]
	for _, k := range keys {
		if minisign.Verify(k, payload, sig) {
			return payload, nil
		}
	}
	return nil, fmt.Errorf("verify policy bundle: %w", ErrUnsigned)
}

func pack(b *Bundle) ([]byte, error) {
	files := map[string][]byte{catalogueName: b.Catalogue}
	for p, src := range b.Modules {
		if err := checkPath(p); err != nil {
			return nil, err
		}
		files[p] = src
	}
	m := b.Manifest
	m.Schema, m.Files = Schema, map[string]string{}
	for p, data := range files {
		sum := sha256.Sum256(data)
		m.Files[p] = hex.EncodeToString(sum[:])
	}
	if err := checkManifest(m); err != nil {
		return nil, err
	}
	head, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	t := tar.NewWriter(z)
	add := func(name string, data []byte) error {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: m.Created, Format: tar.FormatPAX}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err := t.Write(data)
		return err
	}
	if err := add(manifestName, head); err != nil {
		return nil, err
	}
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if err := add(p, files[p]); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unpack(payload []byte) (*Bundle, error) {
	z, err := gzip.NewReader(bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	t := tar.NewReader(io.LimitReader(z, maxUnpacked+1))
	files, total := map[string][]byte{}, 0
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if h.Typeflag != tar.TypeReg {
			return nil, fmt.Errorf("%w: %q is not a regular file", ErrFormat, h.Name)
		}
		if _, ok := files[h.Name]; ok {
			return nil, fmt.Errorf("%w: %q stands twice", ErrFormat, h.Name)
		}
		if total += int(min(h.Size, maxUnpacked)); h.Size > maxFile || len(files) >= maxFiles || total > maxUnpacked {
			return nil, ErrTooLarge
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		files[h.Name] = data
	}
	return assemble(files)
}

// assemble checks the files against the manifest, both ways.
func assemble(files map[string][]byte) (*Bundle, error) {
	b := &Bundle{Modules: map[string][]byte{}}
	dec := json.NewDecoder(bytes.NewReader(files[manifestName]))
	if err := dec.Decode(&b.Manifest); err != nil {
		return nil, fmt.Errorf("%w: manifest: %w", ErrFormat, err)
	}
	if err := checkManifest(b.Manifest); err != nil {
		return nil, err
	}
	delete(files, manifestName)
	if len(files) != len(b.Manifest.Files) {
		return nil, fmt.Errorf("%w: %d files, manifest lists %d", ErrFormat, len(files), len(b.Manifest.Files))
	}
	for p, data := range files {
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != b.Manifest.Files[p] {
			return nil, fmt.Errorf("%w: %q is not what the manifest lists", ErrFormat, p)
		}
		if p == catalogueName {
			b.Catalogue = data
			continue
		}
		if err := checkPath(p); err != nil {
			return nil, err
		}
		b.Modules[p] = data
	}
	if b.Catalogue == nil || len(b.Modules) == 0 {
		return nil, fmt.Errorf("%w: no catalogue or no module in it", ErrFormat)
	}
	return b, nil
}

func checkManifest(m Manifest) error {
	switch {
	case m.Schema != Schema:
		return fmt.Errorf("%w: manifest schema is %q, want %q", ErrFormat, m.Schema, Schema)
	case m.Name == "" || len(m.Name) > 64 || !utf8.ValidString(m.Name) || strings.ContainsAny(m.Name, "\x00\n\r/"):
		return fmt.Errorf("%w: manifest name %q", ErrFormat, m.Name)
	case m.Revision == 0:
		return fmt.Errorf("%w: manifest has no revision", ErrFormat)
	}
	if len(m.Keys) > 0 {
		if _, err := ParseKeys(m.Keys...); err != nil {
			return fmt.Errorf("manifest: %w", err)
		}
	}
	return nil
}

// checkPath admits clean relative paths of Rego sources.
func checkPath(p string) error {
	if p == "" || len(p) > 200 || path.Clean(p) != p || path.IsAbs(p) || strings.HasPrefix(p, "..") ||
		strings.ContainsAny(p, "\\\x00\n") || path.Ext(p) != ".rego" {
		return fmt.Errorf("%w: path %q", ErrFormat, p)
	}
	return nil
}
