package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/vymir-project/vymir/agent/internal/durable"
	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/facts"
)

// dishWord is what the dish said when it was last asked, which each assessment does once. The budget reads it from the disk: it is needed
// by the daemon and by status, and neither asks the dish again.
type dishWord struct {
	At        time.Time `json:"at"`        // by this host's clock
	Interface string    `json:"interface"` // by which the dish is reached; empty: there is none
	Costs     bool      `json:"costs"`     // its link costs by the byte
}

const (
	dishHolds   = 48 * time.Hour // how long a word is taken when the dish cannot be asked again
	dishRefresh = 12 * time.Hour // an unchanged word is written anew this often, to spare the disk
)

func dishPath(c Config) string { return filepath.Join(c.StateDir, "dish.json") }

// lastDishWord gives the last word; the zero value when there is none or its file is damaged.
func lastDishWord(c Config) dishWord {
	var w dishWord
	b, err := os.ReadFile(dishPath(c))
	if err != nil || json.Unmarshal(b, &w) != nil {
		return dishWord{}
	}
	return w
}

// rememberDish keeps what the dish said to this measuring. When it could not be asked the last word stands.
func rememberDish(c Config, doc *facts.Document, now time.Time) {
	if doc.Starlink == nil {
		return
	}
	old := lastDishWord(c)
	w := dishWord{At: now.UTC(), Interface: doc.Starlink.Interface, Costs: collector.DishCosts(doc.Starlink)}
	age := now.Sub(old.At)
	if unchanged := old.Interface == w.Interface && old.Costs == w.Costs; unchanged && (age >= 0 && age < dishRefresh || !w.Costs) {
		return // no word and the word that nothing costs are the same
	}
	if b, err := json.Marshal(w); err == nil {
		durable.WriteFile(dishPath(c), b) //nolint:errcheck // the next assessment asks and writes again
	}
}

// costlyDish gives the interface by which a dish is reached whose link costs by the byte; "": none is known.
func costlyDish(c Config, now time.Time) string {
	w := lastDishWord(c)
	if age := now.Sub(w.At); c.Starlink.Disable || !w.Costs || age < 0 || age > dishHolds {
		return ""
	}
	return w.Interface
}
