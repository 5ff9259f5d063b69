package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

// stateSchema names the format of the state file; another one is left alone and begun anew.
const stateSchema = "vymir.runtime/1"

// maxState bounds the state file, in bytes. A table that does not fit is saved without those that rested longest.
const maxState = 4 << 20

// saved is the state file: what was seen, and when somebody looked.
type saved struct {
	Schema  string `json:"schema"`
	Watched []span `json:"watched"`

	Truncated time.Time     `json:"truncated,omitzero"` // when a key last found no room
	Runtime   facts.Runtime `json:"runtime"`
}

// span is a time in which the probes were at work.
type span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// maxSpans bounds how many restarts are remembered. Older ones are forgotten: the time observed is then understated,
// never overstated.
const maxSpans = 512

// readState reads the state file. One that is missing is an empty state; one that is damaged or of another format is
// an error and an empty state.
func readState(path string) (saved, error) {
	empty := saved{Schema: stateSchema}
	if path == "" {
		return empty, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return empty, fmt.Errorf("read runtime state: %w", err)
	}
	defer f.Close()
	s, err := decodeState(io.LimitReader(f, maxState+1))
	if err != nil {
		return empty, fmt.Errorf("read runtime state: %w", err)
	}
	return s, nil
}

func decodeState(r io.Reader) (saved, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return saved{}, err
	}
	if len(b) > maxState {
		return saved{}, fmt.Errorf("larger than %d bytes", maxState)
	}
	var s saved
	if err := json.Unmarshal(b, &s); err != nil {
		return saved{}, err
	}
	if s.Schema != stateSchema {
		return saved{}, fmt.Errorf("schema %q is not %s", s.Schema, stateSchema)
	}
	return s, nil
}

// write replaces the state file in one step: after a loss of power there is the old one or the new one.
func (s saved) write(path string) error {
	b, err := s.encode()
	if err != nil {
		return fmt.Errorf("write runtime state: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write runtime state: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write runtime state: %w", err)
	}
	return nil
}

// encode leaves out the half that rested longest until the rest fits.
func (s saved) encode() ([]byte, error) {
	for {
		b, err := json.Marshal(s)
		if err != nil || len(b) <= maxState {
			return b, err
		}
		slices.SortFunc(s.Runtime.Programs, func(a, b facts.Program) int { return b.LastSeen.Compare(a.LastSeen) })
		slices.SortFunc(s.Runtime.Connections, func(a, b facts.Connection) int { return b.LastSeen.Compare(a.LastSeen) })
		slices.SortFunc(s.Runtime.Datagrams, func(a, b facts.Connection) int { return b.LastSeen.Compare(a.LastSeen) })
		s.Runtime.Datagrams = s.Runtime.Datagrams[:len(s.Runtime.Datagrams)/2]
		s.Runtime.Programs = s.Runtime.Programs[:len(s.Runtime.Programs)/2]
		s.Runtime.Connections = s.Runtime.Connections[:len(s.Runtime.Connections)/2]
		s.Runtime.Truncated, s.Truncated = true, time.Now().UTC()
	}
}

// observed sums the spans within the window that ends now, and gives its beginning.
func observed(spans []span, now time.Time) (since time.Time, total time.Duration) {
	limit := now.Add(-window)
	for _, s := range spans {
		from := later(s.From, limit)
		if !s.Until.After(from) {
			continue
		}
		if since.IsZero() {
			since = from
		}
		total += s.Until.Sub(from)
	}
	return since, total
}

// prune forgets spans before the window, and keeps their number bounded.
func prune(spans []span, now time.Time) []span {
	limit := now.Add(-window)
	spans = slices.DeleteFunc(spans, func(s span) bool { return s.Until.Before(limit) })
	if n := len(spans) - maxSpans; n > 0 {
		spans = slices.Delete(spans, 0, n) // understates the time observed rather than overstating it
	}
	return spans
}
