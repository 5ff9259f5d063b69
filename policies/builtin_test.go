//go:build !thin

package policies_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
)

// TestBundleJudgesAlike writes the built-in set as a signed bundle, reads it back, and has both judge a host: the results are equal to
// the byte, and the server that judges a thin agent's facts says what the agent would have said.
func TestBundleJudgesAlike(t *testing.T) {
	pub, priv, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := policies.BuiltInBundle(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := bundle.Write(&file, b, priv); err != nil {
		t.Fatal(err)
	}
	t.Logf("bundle of %d controls: %d bytes", len(policies.BuiltIn().Controls), file.Len())
	if b, err = bundle.Read(&file, pub); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../collector/testdata/hosts/ubuntu2204-badly-kept.facts.json")
	if err != nil {
		t.Fatal(err)
	}
	var results [2][]byte
	for i, set := range []*bundle.Bundle{nil, b} {
		e, err := policies.New(set)
		if err != nil {
			t.Fatal(err)
		}
		a := judgeAll(t, e, doc)
		a.DurationSeconds = 0
		if results[i], err = json.Marshal(a); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(results[0], results[1]) {
		t.Error("the bundle judges otherwise than the built-in policies")
	}
}
