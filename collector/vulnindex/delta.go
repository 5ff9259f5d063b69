package vulnindex

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"aead.dev/minisign"
	"github.com/klauspost/compress/zstd"
)

// Delta writes what leads from one index to another of the same release: the manifest and every block that differs, each
// compressed against what stood in its place. It is signed by carrying the signature of next.
func Delta(old, next *Index) ([]byte, error) {
	if old.manifest.Ecosystem != next.manifest.Ecosystem {
		return nil, fmt.Errorf("write delta from %s to %s: %w", old.manifest.Ecosystem, next.manifest.Ecosystem, ErrOther)
	}
	out := append([]byte(magicDelta), binary.BigEndian.AppendUint64(nil, old.manifest.Revision)...)
	add := func(b []byte) { out = append(binary.BigEndian.AppendUint32(out, uint32(len(b))), b...) }
	add(next.signature)
	text, err := squeeze(next.text, old.text)
	if err != nil {
		return nil, fmt.Errorf("write delta: %w", err)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(next.text)))
	add(text)
	dec, err := newDecoder(nil)
	if err != nil {
		return nil, fmt.Errorf("write delta: %w", err)
	}
	defer dec.Close()
	for s, sums := range next.manifest.Blocks {
		for i, sum := range sums {
			if old.has(s, i, len(sums), sum) {
				continue
			}
			raw, err := next.unpack(dec, s, i, nil)
			if err != nil {
				return nil, fmt.Errorf("write delta: %w", err)
			}
			was, err := old.former(dec, s, i, len(sums))
			if err != nil {
				return nil, fmt.Errorf("write delta: %w", err)
			}
			frame, err := squeeze(raw, was)
			if err != nil {
				return nil, fmt.Errorf("write delta: %w", err)
			}
			add(frame)
		}
	}
	return out, nil
}

// has reports whether block i of n is the same here.
func (x *Index) has(section, i, n int, sum blockSum) bool {
	return len(x.manifest.Blocks[section]) == n && x.manifest.Blocks[section][i].equal(sum)
}

// former gives what stood in place of block i; nil when the number of blocks changed, or nothing stood there.
func (x *Index) former(dec *zstd.Decoder, section, i, n int) ([]byte, error) {
	if len(x.manifest.Blocks[section]) != n || x.manifest.Blocks[section][i].Size < 8 {
		return nil, nil
	}
	return x.unpack(dec, section, i, nil)
}

func squeeze(raw, dict []byte) ([]byte, error) {
	enc, err := newEncoder(dict)
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	return enc.EncodeAll(raw, nil), nil
}

// Apply makes the file of the next index from the one in force and a delta, and verifies it whole as [Open] does. old stays as it is.
func Apply(old *Index, delta []byte, keys ...minisign.PublicKey) ([]byte, error) {
	if len(delta) > maxFile {
		return nil, fmt.Errorf("apply delta: %w", ErrTooLarge)
	}
	rest, ok := bytes.CutPrefix(delta, []byte(magicDelta))
	if !ok || len(rest) < 8 {
		return nil, fmt.Errorf("apply delta: %w", ErrFormat)
	}
	if base := binary.BigEndian.Uint64(rest); base != old.manifest.Revision {
		return nil, fmt.Errorf("apply delta from revision %d to revision %d: %w", base, old.manifest.Revision, ErrBase)
	}
	next, rest, err := openDelta(old, rest[8:], keys)
	if err != nil {
		return nil, fmt.Errorf("apply delta: %w", err)
	}
	if err := next.patch(old, rest); err != nil {
		return nil, fmt.Errorf("apply delta: %w", err)
	}
	out := next.bytes()
	if len(out) > maxFile {
		return nil, fmt.Errorf("apply delta: %w", ErrTooLarge)
	}
	return out, nil
}

// openDelta reads and verifies the next manifest; rest are the blocks that follow.
func openDelta(old *Index, data []byte, keys []minisign.PublicKey) (next *Index, rest []byte, err error) {
	next = &Index{}
	if next.signature, rest, err = chunk(data, maxSignature); err != nil {
		return nil, nil, err
	}
	if len(rest) < 4 {
		return nil, nil, fmt.Errorf("%w: cut short", ErrFormat)
	}
	size := binary.BigEndian.Uint32(rest)
	if size > maxManifest {
		return nil, nil, fmt.Errorf("%w: manifest of %d bytes", ErrFormat, size)
	}
	packed, rest, err := chunk(rest[4:], maxManifest)
	if err != nil {
		return nil, nil, err
	}
	if next.text, err = expand(packed, old.text, int(size)); err != nil {
		return nil, nil, err
	}
	if err := next.verify(keys); err != nil {
		return nil, nil, err
	}
	if next.manifest.Ecosystem != old.manifest.Ecosystem {
		return nil, nil, ErrOther
	}
	return next, rest, nil
}

// patch fills the blocks: those that stayed from old, the others from the delta.
func (x *Index) patch(old *Index, rest []byte) error {
	dec, err := newDecoder(nil)
	if err != nil {
		return err
	}
	defer dec.Close()
	enc, err := newEncoder(nil)
	if err != nil {
		return err
	}
	defer enc.Close()
	for s, sums := range x.manifest.Blocks {
		for i, sum := range sums {
			if old.has(s, i, len(sums), sum) {
				x.frames[s] = append(x.frames[s], old.frames[s][i])
				continue
			}
			was, err := old.former(dec, s, i, len(sums))
			if err != nil {
				return err
			}
			var frame []byte
			if frame, rest, err = chunk(rest, maxBlock+maxBlock/64); err != nil {
				return err
			}
			raw, err := expand(frame, was, sum.Size)
			if err != nil {
				return err
			}
			if !sumOf(raw).equal(sum) {
				return fmt.Errorf("block %d of section %d: %w", i, s, ErrUnsigned)
			}
			x.frames[s] = append(x.frames[s], enc.EncodeAll(raw, nil))
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: something follows the last block", ErrFormat)
	}
	return nil
}

// expand unpacks a frame that was packed against dict, to exactly size bytes.
func expand(frame, dict []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil || !h.HasFCS || h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("%w: not the size that was signed", ErrFormat)
	}
	dec, err := newDecoder(dict)
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(frame, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return raw, nil
}
