package main

import (
	"testing"

	"github.com/vymir-project/vymir/agent/internal/redact"
	"github.com/vymir-project/vymir/agent/wire"
)

// TestSizesOfRealReports holds the budget of a full assessment of 150 controls, 2.2 KB, on the hosts the dictionary was made for:
// with what was seen on them too, but for the one that fails nearly everything and has much to show.
func TestSizesOfRealReports(t *testing.T) {
	samples, err := gather("../../../collector/testdata/hosts")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		packed := wire.CompressMessage(s.plain)
		per := len(packed) * 150 / s.results
		limit := 1000
		if s.profile == redact.Detailed {
			limit = 2200
			if s.host == "ubuntu2204-badly-kept.facts.json" {
				limit = 3000
			}
		}
		if per > limit {
			t.Errorf("%s under consent %s: %d bytes per 150 results, want at most %d", s.host, s.profile, per, limit)
		}
		if back, err := wire.DecompressMessage(packed); err != nil || string(back) != string(s.plain) {
			t.Errorf("%s: round trip: %v", s.host, err)
		}
	}
}
