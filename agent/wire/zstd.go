package wire

import (
	"fmt"
	"io"
	"sync"

	"connectrpc.com/connect"
	"github.com/klauspost/compress/zstd"
)

// window bounds what a decoder must keep, and so what a hostile frame can make it allocate.
const window = 1 << 20

// MinCompressBytes is the size below which a message travels uncompressed: the frame would outweigh the gain.
const MinCompressBytes = 128

func encoderOptions() []zstd.EOption {
	return []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(256 << 10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false),
	}
}

func decoderOptions(limit uint64) []zstd.DOption {
	return []zstd.DOption{
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(window), zstd.WithDecoderMaxMemory(max(limit, window)),
	}
}

// Compress gives b as one zstd frame. Safe for concurrent use.
func Compress(b []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil, encoderOptions()...)
	if err != nil {
		return nil, fmt.Errorf("open compressor: %w", err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil), nil
}

// Decompress reads one zstd stream that unfolds to at most limit bytes; more is [ErrTooLarge], found out without
// unfolding it. Safe for concurrent use.
func Decompress(b []byte, limit int) ([]byte, error) {
	r, err := zstd.NewReader(nil, decoderOptions(uint64(limit))...)
	if err != nil {
		return nil, fmt.Errorf("open decompressor: %w", err)
	}
	defer r.Close()
	var h zstd.Header
	if err := h.Decode(b); err == nil && h.HasFCS && h.FrameContentSize > uint64(limit) {
		return nil, fmt.Errorf("decompress: frame of %d bytes: %w", h.FrameContentSize, ErrTooLarge)
	}
	if err := r.Reset(&sliceReader{b: b}); err != nil {
		return nil, fmt.Errorf("decompress: %w: %w", ErrMalformed, err)
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w: %w", ErrMalformed, err)
	}
	if len(out) > limit {
		return nil, fmt.Errorf("decompress: %w", ErrTooLarge)
	}
	return out, nil
}

// sliceReader is a bytes.Reader without Len, so that the decoder streams instead of allocating what a frame claims.
type sliceReader struct{ b []byte }

func (s *sliceReader) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.b)
	s.b = s.b[n:]
	return n, nil
}

// compressionName is the Connect name of zstd without a dictionary, which agents sent before there was one.
const compressionName = "zstd"

// HandlerOptions are what a server passes to vymirv1connect.NewAgentServiceHandler: zstd with and without dictionary, and the size
// limits.
// gzip stays possible for tools; the limit holds for the decompressed message.
func HandlerOptions() []connect.HandlerOption {
	options := []connect.HandlerOption{
		connect.WithCodec(codec{}),
		connect.WithCompression(compressionName, newDecompressor, newCompressor),
		connect.WithCompressMinBytes(MinCompressBytes),
		connect.WithReadMaxBytes(MaxMessageBytes),
	}
	for name := range dictionaries {
		options = append(options, connect.WithCompression(name, newDictionaryDecompressor(name), newDictionaryCompressor))
	}
	return options
}

func clientOptions() []connect.ClientOption {
	return []connect.ClientOption{
		connect.WithCodec(codec{}),
		connect.WithAcceptCompression("gzip", nil, nil), // one compression is enough, and its name costs bytes
		connect.WithAcceptCompression(dictionaryName, newDictionaryDecompressor(dictionaryName), newDictionaryCompressor),
		connect.WithSendCompression(dictionaryName),
		connect.WithCompressMinBytes(MinCompressBytes),
		connect.WithReadMaxBytes(MaxMessageBytes),
	}
}

func newCompressor() connect.Compressor { return &compressor{} }

// encoders are kept for all clients and handlers of the process: each takes some MiB.
var encoders = sync.Pool{New: func() any {
	w, err := zstd.NewWriter(nil, encoderOptions()...)
	if err != nil {
		panic("wire: compressor options are wrong: " + err.Error()) // a programmer's mistake: the options are constants
	}
	return w
}}

// compressor adapts zstd.Encoder to Connect's pool: it holds one only between Reset and Close.
type compressor struct{ w *zstd.Encoder }

// Write implements [io.Writer].
func (c *compressor) Write(p []byte) (int, error) {
	if c.w == nil {
		return 0, io.ErrClosedPipe
	}
	return c.w.Write(p)
}

// Close ends the frame and gives the encoder back.
func (c *compressor) Close() error {
	if c.w == nil {
		return nil
	}
	w := c.w
	c.w = nil
	defer encoders.Put(w)
	err := w.Close()
	w.Reset(nil) // forget what was written to
	return err
}

// Reset begins a frame to dst. Connect parks a compressor by resetting it to [io.Discard].
func (c *compressor) Reset(dst io.Writer) {
	if dst == io.Discard {
		return
	}
	if c.w == nil {
		c.w = encoders.Get().(*zstd.Encoder)
	}
	c.w.Reset(dst)
}

func newDecompressor() connect.Decompressor { return &decompressor{} }

// decompressor adapts zstd.Decoder to Connect's pool: Close must leave it fit for another Reset, and lets go of
// the decoder's memory.
type decompressor struct{ r *zstd.Decoder }

func (d *decompressor) Read(p []byte) (int, error) {
	if d.r == nil {
		return 0, io.EOF
	}
	return d.r.Read(p)
}

func (d *decompressor) Reset(src io.Reader) error {
	if d.r == nil {
		r, err := zstd.NewReader(nil, decoderOptions(MaxMessageBytes)...)
		if err != nil {
			return fmt.Errorf("open decompressor: %w", err)
		}
		d.r = r
	}
	return d.r.Reset(src)
}

func (d *decompressor) Close() error {
	if d.r != nil {
		d.r.Close()
		d.r = nil
	}
	return nil
}
