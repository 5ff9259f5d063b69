// Command dictionary trains the zstd dictionary of agent/wire on the hosts that the collector's tests keep, and says what it
// saves. Run it at the root of the source tree:
//
//	go run ./agent/internal/dictionary -o agent/wire/dictionary/2.zdict -id 2     # a new version; released ones never change
//	go run ./agent/internal/dictionary                                           # measure the newest
//
// The saving is told honestly: with -o each host is also compressed by a dictionary that was trained on the others only.
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vymir-project/vymir/agent/internal/redact"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

func main() {
	out := flag.String("o", "", "write a newly trained dictionary to this file")
	id := flag.Uint("id", 0, "its number, one more than the newest")
	hosts := flag.String("hosts", "collector/testdata/hosts", "folder with facts documents (*.facts.json)")
	size := flag.Int("size", 48<<10, "bytes of the dictionary")
	flag.Parse()
	if err := run(*out, uint32(*id), *hosts, *size); err != nil {
		fmt.Fprintln(os.Stderr, "dictionary:", err)
		os.Exit(1)
	}
}

// sample is the request that carries one host's whole assessment under one consent.
type sample struct {
	host    string
	profile redact.Profile
	results int
	all     bool // judged by every baseline
	plain   []byte
	json    int      // bytes of the same as JSON, by gzip
	parts   []string // what a dictionary may hold of it: results as they are encoded, and their targets alone
}

func run(out string, id uint32, folder string, size int) error {
	samples, err := gather(folder)
	if err != nil {
		return err
	}
	if out == "" {
		return compare(samples, func(sample) ([]byte, error) { return nil, nil })
	}
	if id == 0 {
		return fmt.Errorf("-o needs -id")
	}
	trained, err := train(samples, "", id, size)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, trained, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", out, len(trained))
	return compare(samples, func(s sample) ([]byte, error) { return train(samples, s.host, id, size) })
}

func gather(folder string) ([]sample, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.facts.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no facts documents in %s (%w)", folder, err)
	}
	slices.Sort(files)
	engine, err := policies.New(nil)
	if err != nil {
		return nil, err
	}
	var out []sample
	for _, name := range files {
		doc, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, full := range []bool{false, true} {
			a, err := judge(engine, doc, full)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for _, p := range []redact.Profile{redact.Minimal, redact.Named, redact.Detailed} {
				leaves := redact.Consent{Profile: p}.Apply(a)
				lean, err := wire.Encode(leaves)
				if err != nil {
					return nil, err
				}
				lean.DurationMs = 500 // the only thing that is measured here
				plain, err := wire.Marshal(&vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: lean.JudgedMs, AgentVersion: "v1.0.0",
					Meter: &vymirv1.Meter{SentBytesMonth: 1 << 20, ReceivedBytesMonth: 1 << 19}, BundleRevision: lean.BundleRevision,
					Items: []*vymirv1.Item{{Sequence: 40, CreatedMs: lean.JudgedMs, Body: &vymirv1.Item_Assessment{Assessment: lean}}}})
				if err != nil {
					return nil, err
				}
				s := sample{host: filepath.Base(name), profile: p, results: len(lean.Results), all: full, plain: plain}
				if s.json, err = gzipped(leaves); err != nil {
					return nil, err
				}
				for _, r := range lean.Results {
					part, err := wire.Marshal(r)
					if err != nil {
						return nil, err
					}
					s.parts = append(s.parts, string(part))
				}
				out = append(out, s)
			}
		}
	}
	return out, nil
}

func gzipped(a *assessment.Assessment) (int, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	_, err = w.Write(text)
	err = errors.Join(err, w.Close())
	return out.Len(), err
}

// judge judges by the baselines a host has by itself, or by all.
func judge(e *policies.Engine, doc []byte, all bool) (*assessment.Assessment, error) {
	var head struct {
		MeasuredAt time.Time `json:"measured_at"`
	}
	if err := json.Unmarshal(doc, &head); err != nil {
		return nil, err
	}
	o := policies.JudgeOptions{Now: head.MeasuredAt}
	if all {
		for _, b := range e.Catalogue().Baselines {
			o.Baselines = append(o.Baselines, b.Name)
		}
	}
	return e.Judge(context.Background(), doc, o)
}

// train makes a dictionary of all samples but those of one host. The same samples give the same bytes.
func train(samples []sample, without string, id uint32, size int) ([]byte, error) {
	hosts := map[string]map[string]bool{} // part → hosts that have it
	var contents [][]byte
	for _, s := range samples {
		if s.host == without {
			continue
		}
		contents = append(contents, s.plain)
		for _, p := range s.parts {
			if hosts[p] == nil {
				hosts[p] = map[string]bool{}
			}
			hosts[p][s.host] = true
		}
	}
	// What most hosts have comes last, where it is cheapest to refer to; of what fits not all, what fewest have is left out.
	parts := slices.Sorted(maps.Keys(hosts))
	slices.SortStableFunc(parts, func(a, b string) int { return cmp.Compare(len(hosts[b]), len(hosts[a])) })
	// At the very end stand whole reports of results alone, one of each host, for the order of controls.
	var history []byte
	for _, s := range samples {
		if s.host != without && s.profile == redact.Minimal && s.all {
			history = append(history, s.plain...)
		}
	}
	for _, p := range parts {
		if len(history)+len(p) <= size && !bytes.Contains(history, []byte(p)) {
			history = append([]byte(p), history...)
		}
	}
	return zstd.BuildDict(zstd.BuildDictOptions{ID: id, Contents: contents, History: history, Offsets: [3]int{1, 4, 8}, Level: zstd.SpeedBetterCompression})
}

// compare prints what each sample takes: as it is, by zstd alone, and by the dictionary that of gives (nil: the newest of the wire).
func compare(samples []sample, of func(sample) ([]byte, error)) error {
	fmt.Printf("%-34s %-9s %8s %10s %7s %7s %7s %9s\n", "host", "consent", "results", "JSON+gzip", "plain", "zstd", "dict", "per 150")
	worst := map[redact.Profile]float64{}
	made := map[string][]byte{}
	for _, s := range samples {
		d, ok := made[s.host]
		if !ok {
			var err error
			if d, err = of(s); err != nil {
				return err
			}
			made[s.host] = d
		}
		alone, err := wire.Compress(s.plain)
		if err != nil {
			return err
		}
		packed, err := pack(s.plain, d)
		if err != nil {
			return err
		}
		per := float64(len(packed)) * 150 / float64(s.results)
		worst[s.profile] = math.Max(worst[s.profile], per)
		fmt.Printf("%-34s %-9s %8d %10d %7d %7d %7d %9.0f\n", s.host, s.profile, s.results, s.json, len(s.plain), len(alone), len(packed), per)
	}
	fmt.Printf("worst per 150 results: %.0f minimal, %.0f named, %.0f detailed\n", worst[redact.Minimal], worst[redact.Named], worst[redact.Detailed])
	return nil
}

func pack(plain, d []byte) ([]byte, error) {
	if d == nil {
		return wire.CompressMessage(plain), nil
	}
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(256<<10), zstd.WithEncoderDict(d))
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.EncodeAll(plain, nil), nil
}
