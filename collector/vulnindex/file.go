package vulnindex

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"aead.dev/minisign"
	"github.com/klauspost/compress/zstd"
)

const (
	magic      = "vymir-vulnerabilities 1\n"
	magicDelta = "vymir-vulnerabilities-delta 1\n"

	maxFile      = 32 << 20 // bytes of an index or a delta
	maxManifest  = 2 << 20
	maxSignature = 4 << 10
	maxWindow    = 8 << 20 // of one compressed block
)

// manifest is what the signature covers.
type manifest struct {
	Meta
	Blocks [sections][]blockSum `json:"blocks"`
}

// blockSum is the size and the sha256 of an unpacked block.
type blockSum struct {
	Size int    `json:"size"`
	Sum  []byte `json:"sum"`
}

func sumOf(block []byte) blockSum {
	sum := sha256.Sum256(block)
	return blockSum{Size: len(block), Sum: sum[:]}
}

func (s blockSum) equal(o blockSum) bool { return s.Size == o.Size && bytes.Equal(s.Sum, o.Sum) }

// Index is an opened index: verified, its blocks still packed. It holds about as much memory as its file is large and is safe
// for concurrent use.
type Index struct {
	manifest  manifest
	text      []byte // the manifest as it was signed
	signature []byte
	frames    [sections][][]byte
}

// Meta says what the index is.
func (x *Index) Meta() Meta { return x.manifest.Meta }

// Write signs the index with key and writes it to w. The same records, edition and key give the same content, whatever the order the
// records came in.
func (b *Builder) Write(w io.Writer, e Edition, key minisign.PrivateKey) (Meta, error) {
	m, blocks := b.content()
	m.Revision, m.Created, m.Expires = e.Revision, e.Created.UTC().Truncate(time.Second), e.Expires.UTC().Truncate(time.Second)
	if e.Expires.IsZero() {
		m.Expires = time.Time{}
	}
	x := Index{manifest: manifest{Meta: m}}
	if err := x.pack(blocks, key); err != nil {
		return m, fmt.Errorf("write vulnerability index: %w", err)
	}
	if _, err := w.Write(x.bytes()); err != nil {
		return m, fmt.Errorf("write vulnerability index: %w", err)
	}
	return m, nil
}

func (x *Index) pack(blocks [sections][][]byte, key minisign.PrivateKey) error {
	if x.manifest.Revision == 0 || x.manifest.Created.IsZero() {
		return fmt.Errorf("%w: no revision or no time of creation", ErrFormat)
	}
	enc, err := newEncoder(nil)
	if err != nil {
		return err
	}
	defer enc.Close()
	for s := range blocks {
		for _, raw := range blocks[s] {
			if len(raw) > maxBlock {
				return fmt.Errorf("a block of %d bytes: %w", len(raw), ErrTooLarge)
			}
			x.manifest.Blocks[s] = append(x.manifest.Blocks[s], sumOf(raw))
			x.frames[s] = append(x.frames[s], enc.EncodeAll(raw, nil))
		}
	}
	if x.text, err = json.Marshal(x.manifest); err != nil {
		return err
	}
	comment := fmt.Sprintf("%s revision %d", x.manifest.Ecosystem, x.manifest.Revision)
	x.signature = minisign.SignWithComments(key, x.text, comment, "vymir vulnerabilities")
	if len(x.text) > maxManifest || len(x.bytes()) > maxFile {
		return ErrTooLarge
	}
	return nil
}

// bytes is the file of an index.
func (x *Index) bytes() []byte {
	out := append([]byte(magic), binary.BigEndian.AppendUint32(nil, uint32(len(x.signature)))...)
	out = append(out, x.signature...)
	out = append(binary.BigEndian.AppendUint32(out, uint32(len(x.text))), x.text...)
	for _, frames := range x.frames {
		for _, f := range frames {
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(f))), f...)
		}
	}
	return out
}

// Is reports whether a file begins as an index does; nothing is verified.
func Is(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }

// IsDelta reports whether a file begins as a delta does; nothing is verified.
func IsDelta(data []byte) bool { return bytes.HasPrefix(data, []byte(magicDelta)) }

// Open verifies an index against keys. data is kept and must not change. Whether it may replace the one in force is for [Accept]
// to say.
func Open(data []byte, keys ...minisign.PublicKey) (*Index, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("open vulnerability index: %w", ErrTooLarge)
	}
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("open vulnerability index: %w", ErrFormat)
	}
	x := &Index{}
	var err error
	if x.signature, rest, err = chunk(rest, maxSignature); err == nil {
		x.text, rest, err = chunk(rest, maxManifest)
	}
	if err == nil {
		err = x.verify(keys)
	}
	if err != nil {
		return nil, fmt.Errorf("open vulnerability index: %w", err)
	}
	for s, sums := range x.manifest.Blocks {
		for range sums {
			var f []byte
			if f, rest, err = chunk(rest, maxBlock+maxBlock/64); err != nil {
				return nil, fmt.Errorf("open vulnerability index: %w", err)
			}
			x.frames[s] = append(x.frames[s], f)
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("open vulnerability index: %w: something follows the last block", ErrFormat)
	}
	return x, nil
}

// Read is [Open] for a stream.
func Read(r io.Reader, keys ...minisign.PublicKey) (*Index, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read vulnerability index: %w", err)
	}
	return Open(data, keys...)
}

// chunk takes a length and as many bytes off data.
func chunk(data []byte, most int) (c, rest []byte, err error) {
	if len(data) < 4 {
		return nil, nil, fmt.Errorf("%w: cut short", ErrFormat)
	}
	n := binary.BigEndian.Uint32(data)
	data = data[4:]
	if n > uint32(most) || int(n) > len(data) {
		return nil, nil, fmt.Errorf("%w: a part of %d bytes", ErrFormat, n)
	}
	return data[:n:n], data[n:], nil
}

// verify checks the signature over x.text and reads it.
func (x *Index) verify(keys []minisign.PublicKey) error {
	trusted := false
	for _, k := range keys {
		trusted = trusted || minisign.Verify(k, x.text, x.signature)
	}
	if !trusted {
		return ErrUnsigned
	}
	if err := json.Unmarshal(x.text, &x.manifest); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	m := x.manifest
	switch {
	case m.Schema != Schema:
		return fmt.Errorf("%w: schema %.40q", ErrFormat, m.Schema)
	case m.Revision == 0 || m.Created.IsZero() || m.Ecosystem != Canonical(m.Ecosystem) || !known(m.Ecosystem):
		return fmt.Errorf("%w: incomplete manifest", ErrFormat)
	}
	for _, sums := range m.Blocks {
		if n := len(sums); n == 0 || n > maxBlocks || n&(n-1) != 0 {
			return fmt.Errorf("%w: %d blocks", ErrFormat, n)
		}
		for _, s := range sums {
			if s.Size < 0 || s.Size > maxBlock || len(s.Sum) != sha256.Size {
				return fmt.Errorf("%w: block of %d bytes", ErrFormat, s.Size)
			}
		}
	}
	return nil
}

// unpack gives block i of section s, checked against what was signed; it uses the memory of scratch.
func (x *Index) unpack(dec *zstd.Decoder, s, i int, scratch []byte) ([]byte, error) {
	want := x.manifest.Blocks[s][i]
	raw, err := unpackFrame(dec, x.frames[s][i], want, scratch)
	if err != nil {
		return nil, fmt.Errorf("block %d of section %d: %w", i, s, err)
	}
	return raw, nil
}

func unpackFrame(dec *zstd.Decoder, frame []byte, want blockSum, scratch []byte) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil || !h.HasFCS || h.FrameContentSize != uint64(want.Size) {
		return nil, fmt.Errorf("%w: not the size that was signed", ErrFormat)
	}
	raw, err := dec.DecodeAll(frame, scratch[:0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if !sumOf(raw).equal(want) {
		return nil, fmt.Errorf("%w: not the content that was signed", ErrUnsigned)
	}
	return raw, nil
}

func newDecoder(dict []byte) (*zstd.Decoder, error) {
	o := []zstd.DOption{
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxBlock), zstd.WithDecoderMaxWindow(maxWindow),
	}
	if dict != nil {
		o = append(o, zstd.WithDecoderDictRaw(dictID, dict))
	}
	return zstd.NewReader(nil, o...)
}

func newEncoder(dict []byte) (*zstd.Encoder, error) {
	o := []zstd.EOption{
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(maxWindow),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true),
	}
	if dict != nil {
		o = append(o, zstd.WithEncoderDictRaw(dictID, dict))
	}
	return zstd.NewWriter(nil, o...)
}

const dictID = 1
