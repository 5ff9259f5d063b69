package catalogue

import (
	"fmt"
	"testing"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// BenchmarkRun derives the needs of one recipient with 1,000 hosts of 90 controls from the store.
func BenchmarkRun(b *testing.B) {
	st := storetest.New(b)
	w := newWorld(b, st)
	caps := w.s.Remedies().Capabilities
	for h := range 1000 {
		w.tx(func(tx *store.Tx) error {
			id := fmt.Sprint("big-", h)
			if err := tx.AddHost(store.Host{ID: id, RecipientID: "r-0", SiteID: "s-r-0", TokenID: "t", Name: id, SPKI: []byte(id), MachineDigest: []byte(id), Measured: w.now}); err != nil {
				return err
			}
			for c := range 90 {
				st := assessment.Pass
				if (c+h)%6 == 0 {
					st = assessment.Fail
				}
				if err := tx.PutResult(store.Result{
					HostID: id, Control: fmt.Sprintf("f%d.c%d", c%12, c), Capability: caps[c%len(caps)].ID, Severity: assessment.Medium, Status: st,
					Target: `{"evidence":{"path":"/etc/something/long/enough/to/be/real"}}`, Since: w.now,
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for b.Loop() {
		if _, _, err := w.s.Run(b.Context(), "r-0"); err != nil {
			b.Fatal(err)
		}
	}
}
