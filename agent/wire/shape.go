package wire

import (
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxParts bounds the messages within one message, and its repeated values: two bytes on the wire make some hundred in memory, so
// that 4 MiB of empty results would become 200 MB. A check-in of [MaxItems] whole assessments of 500 controls stays below it.
const MaxParts = 1 << 17

// maxDepth bounds how deep messages stand in each other; the format knows four levels.
const maxDepth = 8

// CheckShape reports whether an encoded message of d's type holds at most [MaxParts] parts, without building any of them. What it
// cannot read is [ErrMalformed].
func CheckShape(b []byte, d protoreflect.MessageDescriptor) error {
	left := MaxParts
	return checkShape(b, d, &left, maxDepth)
}

func checkShape(b []byte, d protoreflect.MessageDescriptor, left *int, depth int) error {
	if depth == 0 {
		return fmt.Errorf("messages too deep: %w", ErrMalformed)
	}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("read tag: %w", ErrMalformed)
		}
		b = b[n:]
		f := d.Fields().ByNumber(number)
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			return fmt.Errorf("read field %d: %w", number, ErrMalformed)
		}
		if f != nil && (f.IsList() || f.Message() != nil) {
			if *left--; *left < 0 {
				return fmt.Errorf("more than %d parts: %w", MaxParts, ErrTooLarge)
			}
		}
		if f != nil && f.Message() != nil && kind == protowire.BytesType {
			inside, _ := protowire.ConsumeBytes(b)
			if err := checkShape(inside, f.Message(), left, depth-1); err != nil {
				return err
			}
		}
		b = b[n:]
	}
	return nil
}

// codec is Connect's binary codec with [CheckShape] before it. The name is the one on the wire.
type codec struct{}

// Name implements [connect.Codec].
func (codec) Name() string { return "proto" }

// Marshal implements [connect.Codec].
func (codec) Marshal(m any) ([]byte, error) {
	v, ok := m.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("encode %T: no message", m)
	}
	return proto.Marshal(v)
}

// Unmarshal implements [connect.Codec].
func (codec) Unmarshal(b []byte, m any) error {
	v, ok := m.(proto.Message)
	if !ok {
		return fmt.Errorf("decode %T: no message", m)
	}
	if err := CheckShape(b, v.ProtoReflect().Descriptor()); err != nil {
		return err
	}
	return proto.Unmarshal(b, v)
}

var _ connect.Codec = codec{}
