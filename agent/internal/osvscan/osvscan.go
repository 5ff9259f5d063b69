// Package osvscan runs vymir-osvscan, the second of the two programs this agent ever starts, and reads its report.
//
// The program is optional. It is started at most once per interval, with a cap of memory and time that it keeps by itself; what
// it printed last and well stays in force when it fails later. docs/spec/osvscan.md is the contract between the two.
package osvscan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/vymir-project/vymir/agent/internal/durable"
	"github.com/vymir-project/vymir/collector/facts"
)

// Limits of what is taken from a report.
const (
	maxOutput     = 64 << 20 // bytes
	maxComplaint  = 4 << 10  // bytes
	maxEcosystems = 64
	maxVulnerable = 2_000 // packages
	maxWeaknesses = 200   // of one package
	maxLocations  = 8
	maxAliases    = 32
	maxText       = 512     // bytes of one text
	kept          = 8 << 20 // bytes of what is remembered between scans
	stateName     = "osvscan.json"
	schema        = "vymir.osvscan/1"
)

// Options say what to run. Without Program and Data nothing is.
type Options struct {
	Program    string        // absolute path of vymir-osvscan
	Data       string        // folder with OSV data
	Paths      []string      // what to look at
	Every      time.Duration // not more often than this
	Time       time.Duration // budget of one scan
	MemoryMiB  int           // cap of one scan
	MaxAgeDays int           // older data count as none; 0: any age
	Dir        string        // where the last good result is remembered, and the scan's working folder goes
}

const notSetUp = "vymir-osvscan is not set up"

// Errors of a scan.
var (
	errReport  = errors.New("not a report of vymir-osvscan")
	errProgram = errors.New("will not be started")
)

// Scan gives the result of the last scan, or of a new one when that is due, as facts with their family's status.
func Scan(ctx context.Context, o Options, now time.Time) (*facts.Languages, facts.Status) {
	if o.Program == "" || o.Data == "" {
		return nil, facts.Status{State: facts.StateUnmeasured, Reason: notSetUp}
	}
	last := o.remembered()
	if last != nil && !now.Before(last.ScannedAt) && now.Sub(last.ScannedAt) < o.Every {
		return aged(last, now), status(last, "")
	}
	start := time.Now()
	next, err := o.run(ctx, now)
	if err != nil && last == nil {
		return nil, facts.Status{State: facts.StateUnmeasured, Reason: err.Error(), DurationSeconds: time.Since(start).Seconds()}
	}
	if err != nil {
		return aged(last, now), status(last, "the last scan failed, this is the one before: "+err.Error())
	}
	why := ""
	if b, err := json.Marshal(next); err != nil || len(b) > kept || durable.WriteFile(filepath.Join(o.Dir, stateName), b) != nil {
		why = "the result could not be kept: it is scanned anew each time"
	}
	st := status(next, why)
	st.DurationSeconds = time.Since(start).Seconds()
	return aged(next, now), st
}

// Last gives the result of the last good scan as facts with their family's status, and starts nothing.
func Last(o Options, now time.Time) (*facts.Languages, facts.Status) {
	if o.Program == "" || o.Data == "" {
		return nil, facts.Status{State: facts.StateUnmeasured, Reason: notSetUp}
	}
	last := o.remembered()
	if last == nil {
		return nil, facts.Status{State: facts.StateUnmeasured, Reason: "no scan has ended well yet: the daemon makes them, and only root may see what they found"}
	}
	return aged(last, now), status(last, "")
}

func aged(l *facts.Languages, now time.Time) *facts.Languages {
	l.AgeHours = max(int(now.Sub(l.ScannedAt).Hours()), 0)
	return l
}

// status is partial where something is missing that a reader must know of.
func status(l *facts.Languages, why string) facts.Status {
	st := facts.Status{State: facts.StateOK}
	for _, e := range l.Ecosystems {
		if e.State != facts.StateOK {
			st.Unread = append(st.Unread, facts.Unread{What: e.Name, Reason: e.Reason})
		}
	}
	if l.Unread > 0 {
		st.Unread = append(st.Unread, facts.Unread{What: fmt.Sprintf("%d files", l.Unread), Reason: "not readable as what they seem to be"})
	}
	if l.Truncated {
		st.Unread = append(st.Unread, facts.Unread{What: "the rest", Reason: "more than the limits of a report"})
	}
	if len(st.Unread) > 0 || why != "" {
		st.State, st.Reason = facts.StatePartial, why
		if why == "" {
			st.Reason = "some of it could not be read or matched"
		}
	}
	return st
}

func (o Options) remembered() *facts.Languages {
	if o.Dir == "" {
		return nil
	}
	name := filepath.Join(o.Dir, stateName)
	if info, err := os.Stat(name); err != nil || info.Size() > kept {
		return nil
	}
	b, err := os.ReadFile(name)
	var l facts.Languages
	if err != nil || json.Unmarshal(b, &l) != nil || l.ScannedAt.IsZero() {
		return nil
	}
	return &l
}

// run starts the program and reads its report.
func (o Options) run(ctx context.Context, now time.Time) (*facts.Languages, error) {
	if err := trusted(o.Program); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(o.Paths, func(p string) bool { _, err := os.Stat(p); return err == nil }) {
		return nil, errors.New("none of the paths to scan is there")
	}
	tmp := filepath.Join(o.Dir, "osvscan.tmp")
	if err := errors.Join(os.RemoveAll(tmp), os.MkdirAll(tmp, 0o700)); err != nil {
		return nil, fmt.Errorf("make working folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	ctx, cancel := context.WithTimeout(ctx, o.Time+30*time.Second) // the program keeps its budget by itself; this is for one that does not
	defer cancel()
	memory := room("/", o.MemoryMiB)
	args := []string{"--data", o.Data, "--memory-mib", fmt.Sprint(memory), "--time", o.Time.String(), "--max-age-days", fmt.Sprint(o.MaxAgeDays)}
	for _, p := range o.Paths {
		if _, err := os.Stat(p); err == nil {
			args = append(args, p)
		}
	}
	cmd := exec.CommandContext(ctx, o.Program, args...)
	out, complaint := &limited{limit: maxOutput}, &limited{limit: maxComplaint}
	cmd.Stdout, cmd.Stderr = out, complaint
	cmd.Dir, cmd.Env = "/", []string{"TMPDIR=" + tmp, fmt.Sprintf("GOMEMLIMIT=%dMiB", memory*3/4)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		why := reason(complaint.b.Bytes(), err)
		if memory < o.MemoryMiB {
			why += fmt.Sprintf(" (it had %d MiB of the %d that are set: the limits of this agent's unit leave no more)", memory, o.MemoryMiB)
		}
		return nil, fmt.Errorf("vymir-osvscan: %s", why)
	}
	if out.over {
		return nil, fmt.Errorf("%w: more than %d MiB", errReport, maxOutput>>20)
	}
	return parse(out.b.Bytes(), now)
}

// trusted refuses a program that somebody else could have put there.
func trusted(program string) error {
	if !filepath.IsAbs(program) {
		return fmt.Errorf("%s %w: its path is not absolute", program, errProgram)
	}
	info, err := os.Stat(program)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s %w: it is not there", program, errProgram)
	}
	if err != nil {
		return fmt.Errorf("look at %s: %w", program, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 || ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s %w: others than root can change it", program, errProgram)
	}
	return nil
}

// reason is what the program said of its failure.
func reason(said []byte, err error) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(said), []byte("\n"))
	var f struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(line, &f) == nil && f.Error != "" {
		return clip(f.Error)
	}
	if len(line) > 0 {
		return clip(string(line))
	}
	return err.Error()
}

// parse reads a report, within limits, into facts.
func parse(b []byte, now time.Time) (*facts.Languages, error) {
	var r struct {
		Schema     string                    `json:"schema"`
		Scanner    string                    `json:"scanner"`
		CPUSeconds float64                   `json:"cpu_seconds"`
		PeakBytes  uint64                    `json:"peak_bytes"`
		Paths      []string                  `json:"paths"`
		Ecosystems []facts.LanguageEcosystem `json:"ecosystems"`
		Packages   []facts.LanguagePackage   `json:"packages"`
		Unread     []json.RawMessage         `json:"unread"`
		Truncated  bool                      `json:"truncated"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", errReport, err)
	}
	if r.Schema != schema {
		return nil, fmt.Errorf("%w: schema %.40q", errReport, r.Schema)
	}
	l := &facts.Languages{
		ScannedAt: now.UTC().Truncate(time.Second), Packages: len(r.Packages), Ecosystems: []facts.LanguageEcosystem{}, Vulnerable: []facts.LanguagePackage{},
		Truncated: r.Truncated, Unread: len(r.Unread), Scanner: clip(r.Scanner), CPUSeconds: r.CPUSeconds, PeakBytes: r.PeakBytes,
	}
	for _, p := range cut(r.Paths, 64, &l.Truncated) {
		l.Paths = append(l.Paths, clip(p))
	}
	for _, e := range cut(r.Ecosystems, maxEcosystems, &l.Truncated) {
		if e.State != facts.StateOK {
			e.State = facts.StateUnmeasured // what we do not know the name of measures nothing
		}
		e.Name, e.Reason = clip(e.Name), clip(e.Reason)
		l.Ecosystems = append(l.Ecosystems, e)
	}
	for _, p := range r.Packages {
		if len(p.Vulnerabilities) == 0 {
			continue
		}
		if len(l.Vulnerable) >= maxVulnerable {
			l.Truncated = true
			break
		}
		l.Vulnerable = append(l.Vulnerable, bounded(p, &l.Truncated))
	}
	return l, nil
}

// bounded cuts what is too much of one package.
func bounded(p facts.LanguagePackage, truncated *bool) facts.LanguagePackage {
	p.Ecosystem, p.Name, p.Version = clip(p.Ecosystem), clip(p.Name), clip(p.Version)
	p.Locations = clipped(cut(p.Locations, maxLocations, truncated))
	p.Vulnerabilities = cut(p.Vulnerabilities, maxWeaknesses, truncated)
	for i := range p.Vulnerabilities {
		v := &p.Vulnerabilities[i]
		v.ID, v.Fixed, v.Severity = clip(v.ID), clip(v.Fixed), clip(v.Severity)
		v.Aliases = clipped(cut(v.Aliases, maxAliases, truncated))
	}
	return p
}

func cut[T any](list []T, most int, truncated *bool) []T {
	if len(list) > most {
		*truncated = true
		return list[:most]
	}
	return list
}

func clipped(list []string) []string {
	for i := range list {
		list[i] = clip(list[i])
	}
	return list
}

// clip makes a text short and printable.
func clip(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// limited keeps what fits and swallows the rest.
type limited struct {
	b     bytes.Buffer
	limit int
	over  bool
}

// Write implements [io.Writer].
func (w *limited) Write(p []byte) (int, error) {
	room := w.limit - w.b.Len()
	if room < len(p) {
		w.over = true
	}
	if room > 0 {
		w.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
