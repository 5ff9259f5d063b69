package vulns

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Limits of the two lists.
const (
	maxKEV     = 64 << 20  // bytes
	maxEPSS    = 256 << 20 // bytes, unpacked
	maxEPSSRow = 256       // bytes
	maxFeed    = 2_000_000 // entries
)

// ErrFeed says that a list is not in the format of its publisher, or damaged. What was imported before stays in force.
var ErrFeed = errors.New("not a list that can be taken")

var cveForm = regexp.MustCompile(`^CVE-\d{4}-\d{4,19}$`)

// KEV is the catalogue of known exploited vulnerabilities.
type KEV struct {
	AsOf    time.Time
	Entries map[string]vulnindex.KEV // by CVE
}

// ParseKEV reads the catalogue as CISA publishes it: one JSON object with catalogVersion, dateReleased, count and
// vulnerabilities. A list that does not hold as many as it says is refused.
func ParseKEV(r io.Reader) (KEV, error) {
	var in struct {
		DateReleased    time.Time `json:"dateReleased"`
		Count           *int      `json:"count"`
		Vulnerabilities []struct {
			CVE        string `json:"cveID"`
			Added      string `json:"dateAdded"`
			Ransomware string `json:"knownRansomwareCampaignUse"`
		} `json:"vulnerabilities"`
	}
	data, err := io.ReadAll(io.LimitReader(r, maxKEV+1))
	if err != nil {
		return KEV{}, fmt.Errorf("read catalogue of exploited vulnerabilities: %w", err)
	}
	if len(data) > maxKEV {
		return KEV{}, fmt.Errorf("%w: larger than %d MiB", ErrFeed, maxKEV>>20)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return KEV{}, fmt.Errorf("%w: %w", ErrFeed, err)
	}
	switch {
	case in.DateReleased.Year() < 2020:
		return KEV{}, fmt.Errorf("%w: no dateReleased", ErrFeed)
	case in.Count == nil || *in.Count != len(in.Vulnerabilities) || len(in.Vulnerabilities) == 0:
		return KEV{}, fmt.Errorf("%w: it holds %d vulnerabilities and does not say so in count", ErrFeed, len(in.Vulnerabilities))
	}
	out := KEV{AsOf: in.DateReleased.UTC(), Entries: map[string]vulnindex.KEV{}}
	for _, v := range in.Vulnerabilities {
		added, err := time.Parse(time.DateOnly, v.Added)
		if err != nil || !cveForm.MatchString(v.CVE) {
			return KEV{}, fmt.Errorf("%w: entry %.40q added %.40q", ErrFeed, v.CVE, v.Added)
		}
		out.Entries[v.CVE] = vulnindex.KEV{Added: added, Ransomware: v.Ransomware == "Known"}
	}
	return out, nil
}

// EPSS is the prediction of exploitation within 30 days.
type EPSS struct {
	AsOf   time.Time
	Scores map[string]float64 // 0 to 1, by CVE
}

// ParseEPSS reads the scores as FIRST publishes them: CSV, gzipped or not, a comment "#model_version:...,score_date:..."
// before the header "cve,epss,percentile".
func ParseEPSS(r io.Reader) (EPSS, error) {
	plain := bufio.NewReader(r)
	if head, err := plain.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(plain)
		if err != nil {
			return EPSS{}, fmt.Errorf("%w: %w", ErrFeed, err)
		}
		defer z.Close()
		r = z
	} else {
		r = plain
	}
	count := &counted{r: r, left: maxEPSS}
	lines := bufio.NewScanner(count)
	lines.Buffer(make([]byte, maxEPSSRow), maxEPSSRow)
	out := EPSS{Scores: map[string]float64{}}
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		var err error
		switch n {
		case 1:
			out.AsOf, err = scoreDate(line)
		case 2:
			if line != "cve,epss,percentile" {
				err = fmt.Errorf("header %.60q", line)
			}
		default:
			err = out.row(line)
		}
		if err != nil {
			return EPSS{}, fmt.Errorf("%w: line %d: %w", ErrFeed, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return EPSS{}, fmt.Errorf("%w: %w", ErrFeed, err)
	}
	if len(out.Scores) == 0 {
		return EPSS{}, fmt.Errorf("%w: no score in it", ErrFeed)
	}
	return out, nil
}

func scoreDate(line string) (time.Time, error) {
	_, rest, ok := strings.Cut(line, "score_date:")
	if !strings.HasPrefix(line, "#") || !ok {
		return time.Time{}, fmt.Errorf("no score_date: %.60q", line)
	}
	rest, _, _ = strings.Cut(rest, ",")
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", time.DateOnly} {
		if at, err := time.Parse(form, rest); err == nil && at.Year() > 2018 {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("score_date %.40q", rest)
}

func (e *EPSS) row(line string) error {
	cve, rest, ok := strings.Cut(line, ",")
	text, _, _ := strings.Cut(rest, ",")
	score, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || !cveForm.MatchString(cve) || !(score >= 0 && score <= 1) {
		return fmt.Errorf("row %.60q", line)
	}
	if len(e.Scores) >= maxFeed {
		return fmt.Errorf("more than %d scores", maxFeed)
	}
	e.Scores[cve] = score
	return nil
}

// counted fails instead of ending when more than left bytes come: a list cut by a limit must not look whole.
type counted struct {
	r    io.Reader
	left int64
}

// Read implements [io.Reader].
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, fmt.Errorf("unpacks to more than %d MiB", maxEPSS>>20)
	}
	return n, err
}

// ImportKEV replaces the catalogue of known exploited vulnerabilities. by is the actor.
func ImportKEV(ctx context.Context, st *store.Store, r io.Reader, by string, now time.Time) (KEV, error) {
	k, err := ParseKEV(r)
	if err != nil {
		return k, err
	}
	return k, putFeed(ctx, st, store.FeedKEV, k.AsOf, len(k.Entries), k.Entries, by, now)
}

// ImportEPSS replaces the predictions. by is the actor.
func ImportEPSS(ctx context.Context, st *store.Store, r io.Reader, by string, now time.Time) (EPSS, error) {
	e, err := ParseEPSS(r)
	if err != nil {
		return e, err
	}
	return e, putFeed(ctx, st, store.FeedEPSS, e.AsOf, len(e.Scores), e.Scores, by, now)
}

func putFeed(ctx context.Context, st *store.Store, kind string, asOf time.Time, n int, content any, by string, now time.Time) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode %s: %w", kind, err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer enc.Close()
	err = st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.PutFeed(store.VulnFeed{Kind: kind, AsOf: asOf, Entries: n, Content: enc.EncodeAll(raw, nil), Imported: now, ImportedBy: by}); err != nil {
			return err
		}
		return audit(tx, kind+".import", "feed:"+kind, by, now, map[string]any{"entries": n, "as_of": asOf})
	})
	if err != nil {
		return fmt.Errorf("import %s of %s: %w", kind, asOf.Format(time.DateOnly), err)
	}
	return nil
}

// feed reads a feed into what its importer encoded; none there is no error and a zero time.
func feed(tx *store.Tx, kind string, into any) (asOf time.Time, err error) {
	f, err := tx.Feed(kind)
	if errors.Is(err, store.ErrNotFound) {
		return asOf, nil
	}
	if err != nil {
		return asOf, err
	}
	raw, err := unpack(f.Content)
	if err != nil {
		return asOf, fmt.Errorf("read %s: %w", kind, err)
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(into); err != nil {
		return asOf, fmt.Errorf("read %s: %w", kind, err)
	}
	return f.AsOf, nil
}

func unpack(b []byte) ([]byte, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	return dec.DecodeAll(b, nil)
}
