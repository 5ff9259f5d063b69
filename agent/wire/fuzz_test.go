package wire

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"filippo.io/age"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

func FuzzParseToken(f *testing.F) {
	text, _ := Token{Server: "h:1"}.Text()
	f.Add(text)
	f.Add("vymir1.")
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := ParseToken(s)
		if err != nil {
			return
		}
		again, err := tok.Text()
		if err != nil {
			t.Fatalf("token that was read cannot be written: %v", err)
		}
		if back, err := ParseToken(again); err != nil || back != tok {
			t.Fatalf("round trip: %v", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	m, _ := Encode(sample(5, 1))
	b, _ := Marshal(m)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m vymirv1.Assessment
		if proto.Unmarshal(b, &m) != nil {
			return
		}
		a, err := Decode(&m, lookSample)
		if err != nil {
			return
		}
		if len(a.Results) > MaxResults {
			t.Fatalf("%d results", len(a.Results))
		}
	})
}

func FuzzApply(f *testing.F) {
	base, _ := Encode(sample(5, 1))
	next, _ := Encode(sample(6, 2))
	d, _ := Diff(base, next, 1)
	b, _ := Marshal(d)
	f.Add(b)
	digest, _ := Digest(base)
	f.Fuzz(func(t *testing.T, b []byte) {
		var d vymirv1.Delta
		if proto.Unmarshal(b, &d) != nil {
			return
		}
		d.BaseDigest = digest
		got, err := Apply(base, &d)
		if err == nil && CheckAssessment(got) != nil {
			t.Fatal("applied delta breaks the format")
		}
	})
}

func FuzzDiff(f *testing.F) {
	base, _ := Encode(sample(5, 1))
	next, _ := Encode(sample(6, 2))
	a, _ := Marshal(base)
	b, _ := Marshal(next)
	f.Add(a, b)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var base, next vymirv1.Assessment
		if proto.Unmarshal(a, &base) != nil || proto.Unmarshal(b, &next) != nil {
			return
		}
		d, ok := Diff(&base, &next, 1)
		if !ok {
			return
		}
		got, err := Apply(&base, d)
		if err != nil {
			t.Fatalf("own delta cannot be applied: %v", err)
		}
		if !proto.Equal(got, &next) {
			t.Fatalf("delta gives\n%v\nwant\n%v", got, &next)
		}
	})
}

func FuzzDecompress(f *testing.F) {
	z, _ := Compress([]byte("a report that repeats a report that repeats"))
	f.Add(z)
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := Decompress(b, 1<<16); err == nil && len(out) > 1<<16 {
			t.Fatalf("%d bytes", len(out))
		}
	})
}

func FuzzCheckItem(f *testing.F) {
	m, _ := Encode(sample(5, 1))
	b, _ := Marshal(&vymirv1.Item{Sequence: 1, Body: &vymirv1.Item_Assessment{Assessment: m}})
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) {
		var it vymirv1.Item
		if proto.Unmarshal(b, &it) == nil {
			CheckItem(&it) //nolint:errcheck // it must only not panic
		}
	})
}

func FuzzOpenExport(f *testing.F) {
	f.Add([]byte{8, 1})
	f.Fuzz(func(_ *testing.T, b []byte) {
		openExport(b) //nolint:errcheck // it must only not panic
	})
}

func FuzzUnseal(f *testing.F) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		Unseal(bytes.NewReader(b), id) //nolint:errcheck // it must only not panic
	})
}

func FuzzOpenAnswer(f *testing.F) {
	f.Add([]byte{8, 1})
	root := &x509.Certificate{}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := openAnswer(b, []*x509.Certificate{root}, time.Time{}); err == nil {
			t.Fatal("an answer that no server signed was read")
		}
	})
}

// FuzzShape: what the check of the shape lets through is decoded or refused, and what is a message passes it.
func FuzzShape(f *testing.F) {
	good, err := Marshal(&vymirv1.CheckInRequest{WireVersion: 1, Items: []*vymirv1.Item{{Sequence: 1, Body: &vymirv1.Item_Assessment{Assessment: &vymirv1.Assessment{Results: []*vymirv1.Result{{Control: 1}}}}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Repeat([]byte{0x12, 0}, 100))
	f.Add([]byte{0x12, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m vymirv1.CheckInRequest
		err := proto.Unmarshal(b, &m)
		if shape := CheckShape(b, m.ProtoReflect().Descriptor()); err == nil && shape != nil && len(b) < MaxParts {
			t.Errorf("a message of %d bytes is refused: %v", len(b), shape)
		}
	})
}
