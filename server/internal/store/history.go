package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vymir-project/vymir/policies/assessment"
)

// The history of results is kept as changes: a check-in that says nothing new leaves one bit (the day is noted as
// measured), one that does leaves a row of what became different, and every wholeEvery a row says everything, so that
// reading a past date touches few rows and older ones can be pruned. Evidence (a result's target) is not part of it.

// wholeEvery is how old the newest whole row may be when the next change comes.
const wholeEvery = 90 * 24 * time.Hour

// maxHistoryBody bounds a row's body once unfolded.
const maxHistoryBody = 8 << 20

// noteHistory writes what a change means for the host's history. It runs after the results were written; before holds
// those that the change touched as they were.
func (t *Tx) noteHistory(c Change, before map[string]Result) error {
	if err := t.noteDay(c.Host.ID, c.Measured); err != nil {
		return fmt.Errorf("note the day: %w", err)
	}
	last, err := one(t, scalar[int64], `SELECT COALESCE(MAX(at_ms), 0) FROM host_history WHERE host_id = ? AND whole = 1`, c.Host.ID)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	lines, err := changedLines(c, before)
	if err != nil || (len(lines) == 0 && last > 0) {
		return err
	}
	whole := last == 0 || MS(c.Measured)-last > wholeEvery.Milliseconds()
	if whole {
		all, err := t.Results(c.Host.ID)
		if err != nil {
			return fmt.Errorf("read results: %w", err)
		}
		lines = lines[:0]
		for _, r := range all {
			lines = append(lines, historyLine(r)+"\t"+strconv.FormatInt(MS(r.Since), 36))
		}
	}
	_, err = t.exec(`INSERT INTO host_history (host_id, n, at_ms, whole, body)
		SELECT ?, COALESCE(MAX(n), 0) + 1, ?, ?, ? FROM host_history WHERE host_id = ?`,
		c.Host.ID, MS(c.Measured), Flag(whole), packHistory(strings.Join(lines, "\n")), c.Host.ID)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

// changedLines lists what a change makes different from before, by control.
func changedLines(c Change, before map[string]Result) ([]string, error) {
	var lines []string
	for i := range c.Results {
		r, err := resultOf(c, &c.Results[i])
		if err != nil {
			return nil, err
		}
		if old, ok := before[r.Control]; !ok || historyLine(old) != historyLine(r) {
			lines = append(lines, historyLine(r))
		}
	}
	return append(lines, c.Removed...), nil
}

// noteDay marks the UTC day on which the host was measured.
func (t *Tx) noteDay(host string, at time.Time) error {
	if at.Year() < 1970 {
		return nil
	}
	at = at.UTC()
	_, err := t.exec(`INSERT INTO host_months (host_id, month, days) VALUES (?, ?, ?)
		ON CONFLICT (host_id, month) DO UPDATE SET days = host_months.days | excluded.days
		WHERE (host_months.days & excluded.days) = 0`, host, monthOf(at), int64(1)<<(at.Day()-1))
	return err
}

func monthOf(t time.Time) int64 { return int64(t.Year())*12 + int64(t.Month()) - 1 }

var statusCodes = map[assessment.Status]string{
	"": "-", assessment.Pass: "p", assessment.Fail: "f", assessment.Unmeasured: "u", assessment.NotApplicable: "n", assessment.Error: "e",
}

var codeStatuses = func() map[byte]assessment.Status {
	out := map[byte]assessment.Status{}
	for s, c := range statusCodes {
		out[c[0]] = s
	}
	return out
}()

// historyLine is a result as history keeps it: control, statuses and severity, capability, reason.
func historyLine(r Result) string {
	return r.Control + "\t" + statusCodes[r.Status] + statusCodes[r.Live] + statusCodes[r.Persisted] + strconv.Itoa(r.Severity.Rank()) +
		"\t" + r.Capability + "\t" + r.ReasonID
}

var errHistory = errors.New("history is malformed")

// readHistory applies one row to the results known so far.
func readHistory(host, body string, whole bool, at time.Time, into map[string]Result) error {
	if whole {
		clear(into)
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line == "" {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) == 1 {
			delete(into, f[0])
			continue
		}
		if len(f) < 4 || len(f[1]) != 4 || f[1][3] < '0' || f[1][3] > '9' {
			return errHistory
		}
		r := Result{HostID: host, Control: f[0], Status: codeStatuses[f[1][0]], Live: codeStatuses[f[1][1]], Persisted: codeStatuses[f[1][2]],
			Severity: severity(int(f[1][3] - '0')), Capability: f[2], ReasonID: f[3], Since: at.UTC()}
		if old, ok := into[r.Control]; ok && old.Status == r.Status {
			r.Since = old.Since
		}
		if whole && len(f) > 4 {
			ms, err := strconv.ParseInt(f[4], 36, 64)
			if err != nil {
				return errHistory
			}
			r.Since = At(ms)
		}
		into[r.Control] = r
	}
	return nil
}

var historyEncoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10))
	if err != nil {
		panic("store: history encoder: " + err.Error()) // options are constant
	}
	return e
})

var historyDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxHistoryBody))
	if err != nil {
		panic("store: history decoder: " + err.Error()) // options are constant
	}
	return d
})

// packHistory folds a body: a byte saying how, then plain text (0) or zstd (1), whichever is shorter.
func packHistory(text string) []byte {
	if packed := historyEncoder().EncodeAll([]byte(text), []byte{1}); len(packed) <= len(text) {
		return packed
	}
	return append([]byte{0}, text...)
}

func unpackHistory(b []byte) (string, error) {
	switch {
	case len(b) > 0 && b[0] == 0:
		return string(b[1:]), nil
	case len(b) > 0 && b[0] == 1:
		text, err := historyDecoder().DecodeAll(b[1:], nil)
		if err != nil {
			return "", fmt.Errorf("%w: %w", errHistory, err)
		}
		return string(text), nil
	}
	return "", errHistory
}
