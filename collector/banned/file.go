package banned

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"aead.dev/minisign"
)

const (
	magic        = "vymir-banned 1\n"
	maxSignature = 4 << 10
)

// Parse reads a list as it is brought in: JSON when it begins with a brace, else CSV.
func Parse(r io.Reader) (*List, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read list of forbidden software: %w", err)
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrFormat, maxInput>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if head := bytes.TrimSpace(data); len(head) > 0 && head[0] == '{' {
		l, err := decode(data)
		if err == nil {
			l.Revision = 0 // given when it is packed
		}
		return l, err
	}
	return parseCSV(data)
}

func decode(data []byte) (*List, error) {
	var l List
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // a misspelt column would leave a product unrecognised
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the list", ErrFormat)
	}
	if err := l.Check(); err != nil {
		return nil, err
	}
	return &l, nil
}

// parseCSV reads "# source: ...", "# as_of: 2026-11-01", a header, and a line per entry; several patterns in a cell are parted by
// semicolons.
func parseCSV(data []byte) (*List, error) {
	l := &List{Schema: Schema}
	for {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		head, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "#")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(head, ":")
		switch strings.TrimSpace(key) {
		case "source":
			l.Source = strings.TrimSpace(value)
		case "as_of":
			at, err := time.Parse(time.DateOnly, strings.TrimSpace(value))
			if err != nil {
				return nil, fmt.Errorf("%w: as_of %.40q is no day such as 2026-11-01", ErrFormat, value)
			}
			l.AsOf = at
		}
		data = rest
	}
	r := csv.NewReader(bytes.NewReader(data))
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: no header: %w", ErrFormat, err)
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if len(l.Entries) >= maxEntries {
			return nil, fmt.Errorf("%w: more than %d entries", ErrFormat, maxEntries)
		}
		e, err := row(header, cells)
		if err != nil {
			return nil, err
		}
		l.Entries = append(l.Entries, e)
	}
	if err := l.Check(); err != nil {
		return nil, err
	}
	return l, nil
}

func row(header, cells []string) (e Entry, err error) {
	single := map[string]*string{"id": &e.ID, "name": &e.Name, "maker": &e.Maker, "reference": &e.Reference}
	several := map[string]*[]string{
		"packages": &e.Packages, "makers": &e.Makers, "signers": &e.Signers, "paths": &e.Paths, "sha256": &e.SHA256,
		"processes": &e.Processes, "services": &e.Services, "equipment": &e.Equipment,
	}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if to := single[name]; to != nil {
			*to = strings.TrimSpace(cells[i])
			continue
		}
		to := several[name]
		if to == nil {
			return e, fmt.Errorf("%w: column %.40q is not known", ErrFormat, name)
		}
		for p := range strings.SplitSeq(cells[i], ";") {
			if p = strings.TrimSpace(p); p != "" {
				*to = append(*to, p)
			}
		}
	}
	return e, nil
}

// Write signs a list with key and writes it as a pack. The same list and key give the same bytes.
func Write(w io.Writer, l *List, key minisign.PrivateKey) error {
	if err := l.Check(); err != nil {
		return err
	}
	payload, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write list of forbidden software: %w", err)
	}
	if len(payload) > maxInput {
		return fmt.Errorf("%w: larger than %d MiB", ErrFormat, maxInput>>20)
	}
	sig := minisign.SignWithComments(key, payload, "forbidden software as of "+l.AsOf.Format(time.DateOnly), "vymir forbidden software")
	out := binary.BigEndian.AppendUint32([]byte(magic), uint32(len(sig)))
	if _, err := w.Write(append(append(out, sig...), payload...)); err != nil {
		return fmt.Errorf("write list of forbidden software: %w", err)
	}
	return nil
}

// Is reports whether a file begins as a pack does; nothing is verified.
func Is(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }

// Open verifies a pack against keys and reads it.
func Open(data []byte, keys ...minisign.PublicKey) (*List, error) {
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok || len(rest) < 4 || len(rest) > maxInput+maxSignature+4 {
		return nil, fmt.Errorf("open pack: %w", ErrFormat)
	}
	n := binary.BigEndian.Uint32(rest)
	if rest = rest[4:]; n > maxSignature || int(n) > len(rest) {
		return nil, fmt.Errorf("open pack: %w", ErrFormat)
	}
	for _, k := range keys {
		if minisign.Verify(k, rest[n:], rest[:n]) {
			return decode(rest[n:])
		}
	}
	return nil, fmt.Errorf("open pack: %w", ErrUnsigned)
}

// Read is [Open] for a stream.
func Read(r io.Reader, keys ...minisign.PublicKey) (*List, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+maxSignature+64))
	if err != nil {
		return nil, fmt.Errorf("read pack: %w", err)
	}
	return Open(data, keys...)
}
