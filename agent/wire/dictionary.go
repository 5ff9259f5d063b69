package wire

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"sync"

	"connectrpc.com/connect"
	"github.com/klauspost/compress/zstd"
)

// Messages travel as zstd with a dictionary that both ends carry, trained on the results of the hosts in this project's tests
// (agent/internal/dictionary). The Content-Encoding names its version. A dictionary that was released never changes; a
// server keeps all of them, an agent sends by the newest.

//go:embed dictionary/1.zdict
var dictionary1 []byte

// dictionaryName is the Connect name of the compression with the newest dictionary.
const dictionaryName = "zd1"

// dictionaries are all versions.
var dictionaries = map[string][]byte{dictionaryName: dictionary1}

// messageEncoders are kept for all clients and handlers of the process until memory is collected: each takes some 8 MB.
var messageEncoders = sync.Pool{New: func() any {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderDict(dictionary1))
	if err != nil {
		panic("wire: compressor options are wrong: " + err.Error()) // constants and committed data, covered by tests
	}
	return w
}}

// CompressMessage gives b as a message travels. Safe for concurrent use.
func CompressMessage(b []byte) []byte {
	w := messageEncoders.Get().(*zstd.Encoder)
	defer messageEncoders.Put(w)
	return w.EncodeAll(b, nil)
}

// messageDecoders are one for each dictionary: they hold little between messages.
var messageDecoders = sync.OnceValue(func() map[string]*zstd.Decoder {
	out := map[string]*zstd.Decoder{}
	for name, d := range dictionaries {
		r, err := zstd.NewReader(nil, append(decoderOptions(MaxMessageBytes), zstd.WithDecoderConcurrency(0), zstd.WithDecoderDicts(d))...)
		if err != nil {
			panic("wire: decompressor options are wrong: " + err.Error()) // constants and committed data, covered by tests
		}
		out[name] = r
	}
	return out
})

// DecompressMessage is the inverse of [CompressMessage]. More than a message may have is [ErrTooLarge].
func DecompressMessage(b []byte) ([]byte, error) { return decompressMessage(dictionaryName, b) }

func decompressMessage(name string, b []byte) ([]byte, error) {
	out, err := messageDecoders()[name].DecodeAll(b, nil)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded), err == nil && len(out) > MaxMessageBytes:
		return nil, fmt.Errorf("decompress: %w", ErrTooLarge)
	case err != nil:
		return nil, fmt.Errorf("decompress: %w: %w", ErrMalformed, err)
	}
	return out, nil
}

// dictionaryCompressor is a connect.Compressor for messages.
type dictionaryCompressor struct {
	to    io.Writer
	plain []byte
}

func newDictionaryCompressor() connect.Compressor { return &dictionaryCompressor{} }

// Write implements [io.Writer].
func (c *dictionaryCompressor) Write(p []byte) (int, error) {
	c.plain = append(c.plain, p...)
	return len(p), nil
}

// Reset begins a message to to.
func (c *dictionaryCompressor) Reset(to io.Writer) { c.to, c.plain = to, nil }

// Close writes the message.
func (c *dictionaryCompressor) Close() error {
	if c.to == io.Discard { // Connect parks it so
		return nil
	}
	_, err := c.to.Write(CompressMessage(c.plain))
	c.plain = nil
	return err
}

// dictionaryDecompressor is a connect.Decompressor for messages.
type dictionaryDecompressor struct {
	name string
	from io.Reader
	rest []byte // unfolded, not read yet
	done bool   // unfolded
}

func newDictionaryDecompressor(name string) func() connect.Decompressor {
	return func() connect.Decompressor { return &dictionaryDecompressor{name: name} }
}

// Reset begins a message from from.
func (d *dictionaryDecompressor) Reset(from io.Reader) error {
	*d = dictionaryDecompressor{name: d.name, from: from}
	return nil
}

// Read implements [io.Reader]. The first one takes in and unfolds the whole message.
func (d *dictionaryDecompressor) Read(p []byte) (int, error) {
	if !d.done && d.from != nil {
		packed, err := io.ReadAll(io.LimitReader(d.from, MaxCompressedBytes+1))
		if err != nil {
			return 0, err
		}
		if len(packed) > MaxCompressedBytes {
			return 0, ErrTooLarge
		}
		if d.rest, err = decompressMessage(d.name, packed); err != nil {
			return 0, err
		}
		d.done = true
	}
	if len(d.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// Close lets go of the message.
func (d *dictionaryDecompressor) Close() error {
	d.from, d.rest = nil, nil
	return nil
}
