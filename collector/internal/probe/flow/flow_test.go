package flow

import (
	"encoding/binary"
	"testing"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

func TestSizesAgreeWithTheKernelsPart(t *testing.T) {
	if n := binary.Size(Key{}); n != keySize {
		t.Errorf("key of %d bytes, want %d", n, keySize)
	}
	if n := binary.Size(Value{}); n != 48 {
		t.Errorf("value of %d bytes, want 48", n)
	}
}

func TestParse(t *testing.T) {
	b := make([]byte, keySize)
	copy(b, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3})
	copy(b[16:], "curl")
	binary.NativeEndian.PutUint32(b[32:], 1000)
	binary.NativeEndian.PutUint16(b[36:], 443)
	b[38] = 1
	s, ok := Parse(hook.Header{PID: 7}, b, hook.Now())
	if !ok || s.Peer.String() != "10.1.2.3" || s.Program != "curl" || s.UID != 1000 || s.Port != 443 || s.Direction != In || s.PID != 7 {
		t.Errorf("%+v %v", s, ok)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(make([]byte, keySize))
	f.Add([]byte{1})
	f.Fuzz(func(_ *testing.T, b []byte) { Parse(hook.Header{}, b, hook.Now()) })
}
