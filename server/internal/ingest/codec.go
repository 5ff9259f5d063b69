package ingest

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// encoder compresses for the store; EncodeAll may be called at once. Speed matters more than the last per cent here.
var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(256<<10), zstd.WithEncoderCRC(true))
	if err != nil {
		panic("ingest: compressor options are wrong: " + err.Error()) // constants
	}
	return e
})

var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(wire.MaxFactsBytes), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		panic("ingest: decompressor options are wrong: " + err.Error()) // constants
	}
	return d
})

// encoded is a message in its deterministic encoding.
type encoded struct {
	bytes  []byte
	digest [32]byte // of bytes: what [wire.Digest] gives
}

func encode(m proto.Message) (encoded, error) {
	b, err := wire.Marshal(m)
	if err != nil {
		return encoded{}, err
	}
	return encoded{b, sha256.Sum256(b)}, nil
}

// pack compresses it for the store.
func (e encoded) pack() []byte { return encoder().EncodeAll(e.bytes, nil) }

// unpackState reads a host's state, which this server wrote itself by [encoded.pack].
func unpackState(packed []byte) (*vymirv1.Assessment, encoded, error) {
	b, err := decoder().DecodeAll(packed, nil)
	if err != nil {
		return nil, encoded{}, fmt.Errorf("read stored state: %w", err)
	}
	m := &vymirv1.Assessment{}
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, encoded{}, fmt.Errorf("read stored state: %w", err)
	}
	return m, encoded{b, sha256.Sum256(b)}, nil
}
