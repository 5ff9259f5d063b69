// Package banned is the official list of software and equipment that must not be used, as a file: read, checked, signed, and
// matched against what a host has.
//
// The list itself is not shipped. It is brought in as CSV or JSON (docs/spec/banned.md), compiled into a signed pack, and
// matched on the host, without any server. A match is a legal duty to replace, whatever the technical risk; so patterns match
// whole names, never parts of them, unless they say so with an asterisk, and a bare port number is not taken for a service.
package banned

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Schema names the format of [List] as JSON.
const Schema = "vymir.banned/1"

// Limits of a list.
const (
	maxInput    = 16 << 20 // bytes
	maxEntries  = 20_000
	maxPatterns = 200 // of one entry, of all kinds together
	maxText     = 300 // bytes
	minPattern  = 3   // bytes of a pattern beside asterisks: shorter ones would match anything
)

// Why a list is not taken.
var (
	ErrFormat   = errors.New("not a list of forbidden software")
	ErrUnsigned = errors.New("not signed by a key we trust")
	ErrOlder    = errors.New("older than the list in force")
)

// List is the official list.
type List struct {
	Schema   string    `json:"schema"`            // always [Schema]
	Revision uint64    `json:"revision,omitzero"` // of the pack, monotonic, from 1; 0: not packed yet
	Source   string    `json:"source"`            // the act or the address it was taken from
	AsOf     time.Time `json:"as_of"`             // the list's own date, UTC
	Entries  []Entry   `json:"entries"`
}

// Entry is one product. Patterns are compared without regard to case; an asterisk stands for any text. At least one is there.
type Entry struct {
	ID        string   `json:"id"`                  // of the entry on the list; unique
	Name      string   `json:"name"`                // of the product, as the list writes it
	Maker     string   `json:"maker,omitempty"`     // for the reader
	Reference string   `json:"reference,omitempty"` // clause or decision
	Packages  []string `json:"packages,omitempty"`  // names of packages
	Makers    []string `json:"makers,omitempty"`    // who a package says maintains it ("Name <mail@example.org>")
	Signers   []string `json:"signers,omitempty"`   // package sources: host of the address, or file name of the signing key
	Paths     []string `json:"paths,omitempty"`     // absolute paths of files that are the product
	SHA256    []string `json:"sha256,omitempty"`    // of programs, hex
	Processes []string `json:"processes,omitempty"` // names of running programs
	Services  []string `json:"services,omitempty"`  // names of listening programs or units, with ":tcp/5938" after it where only that port counts
	Equipment []string `json:"equipment,omitempty"` // "vendor product" as the hardware names itself
}

// Accept decides whether next may replace current (nil: none is in force). The same revision and day are taken again, smaller ones are not.
func Accept(current, next *List) error {
	if current != nil && (next.Revision < current.Revision || next.AsOf.Before(current.AsOf)) {
		return fmt.Errorf("accept list of forbidden software revision %d as of %s in place of %d as of %s: %w",
			next.Revision, next.AsOf.Format(time.DateOnly), current.Revision, current.AsOf.Format(time.DateOnly), ErrOlder)
	}
	return nil
}

// Newer gives the newer of two lists, by day and revision; nil counts as none.
func Newer(a, b *List) *List {
	if a == nil || b != nil && (b.AsOf.After(a.AsOf) || b.AsOf.Equal(a.AsOf) && b.Revision > a.Revision) {
		return b
	}
	return a
}

// patterns lists all patterns but hashes, with their kind.
func (e *Entry) patterns() map[string][]string {
	return map[string][]string{
		"packages": e.Packages, "makers": e.Makers, "signers": e.Signers, "paths": e.Paths, "processes": e.Processes, "services": e.Services, "equipment": e.Equipment,
	}
}

// Check brings a list into its normal form, or says what is wrong with it.
func (l *List) Check() error {
	switch {
	case l.Schema != Schema:
		return fmt.Errorf("%w: schema %.40q, want %q", ErrFormat, l.Schema, Schema)
	case l.AsOf.Year() < 2014:
		return fmt.Errorf("%w: as_of is missing: the list's own date", ErrFormat)
	case !text(l.Source) || l.Source == "":
		return fmt.Errorf("%w: source is missing: where the list was taken from", ErrFormat)
	case len(l.Entries) == 0 || len(l.Entries) > maxEntries:
		return fmt.Errorf("%w: %d entries, 1 to %d", ErrFormat, len(l.Entries), maxEntries)
	}
	l.AsOf = l.AsOf.UTC()
	seen := map[string]bool{}
	for i := range l.Entries {
		e := &l.Entries[i]
		if err := e.check(); err != nil {
			return fmt.Errorf("%w: entry %d (%.40q): %w", ErrFormat, i+1, e.ID, err)
		}
		if seen[e.ID] {
			return fmt.Errorf("%w: entry %d: id %.40q stands twice", ErrFormat, i+1, e.ID)
		}
		seen[e.ID] = true
	}
	return nil
}

func (e *Entry) check() error {
	for _, s := range []string{e.ID, e.Name, e.Maker, e.Reference} {
		if !text(s) {
			return fmt.Errorf("text %.40q", s)
		}
	}
	if e.ID == "" || e.Name == "" {
		return errors.New("no id or no name")
	}
	total := len(e.SHA256)
	for kind, list := range e.patterns() {
		total += len(list)
		for i, p := range list {
			if err := checkPattern(kind, p); err != nil {
				return err
			}
			list[i] = strings.ToLower(strings.TrimSpace(p))
			if kind == "paths" {
				list[i] = strings.TrimSpace(p)
			}
		}
	}
	for i, s := range e.SHA256 {
		if e.SHA256[i] = strings.ToLower(strings.TrimSpace(s)); len(e.SHA256[i]) != 64 || strings.Trim(e.SHA256[i], "0123456789abcdef") != "" {
			return fmt.Errorf("sha256 %.80q", s)
		}
	}
	if total == 0 || total > maxPatterns {
		return fmt.Errorf("%d things to recognise it by, 1 to %d", total, maxPatterns)
	}
	return nil
}

func checkPattern(kind, p string) error {
	p = strings.TrimSpace(p)
	if !text(p) || len(strings.ReplaceAll(p, "*", "")) < minPattern {
		return fmt.Errorf("%s: pattern %.60q: at least %d characters beside asterisks", kind, p, minPattern)
	}
	switch kind {
	case "paths":
		if !path.IsAbs(p) || path.Clean(p) != p || strings.Count(p, "/") < 2 {
			return fmt.Errorf("paths: %.60q is no absolute path below a folder", p)
		}
	case "services":
		name, port, ok := strings.Cut(p, ":")
		if len(strings.ReplaceAll(name, "*", "")) < minPattern {
			return fmt.Errorf("services: %.60q names no program: a port alone proves nothing", p)
		}
		if ok && !strings.HasPrefix(port, "tcp/") && !strings.HasPrefix(port, "udp/") {
			return fmt.Errorf("services: %.60q: a port is written tcp/5938", p)
		}
	}
	return nil
}

func text(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Like reports whether a name is what a pattern says: the whole of it, without regard to case, an asterisk standing for any
// text. The pattern is in the normal form of [List.Check].
func Like(pattern, name string) bool {
	name = strings.ToLower(name)
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return strings.HasSuffix(name, last)
}

// LikeAny reports whether any pattern is [Like] the name; an empty name is like none.
func LikeAny(patterns []string, name string) bool {
	return name != "" && slices.ContainsFunc(patterns, func(p string) bool { return Like(p, name) })
}

// Serves reports whether the entry means a service of this name on this port ("tcp/5938").
func (e *Entry) Serves(name, port string) bool {
	return name != "" && slices.ContainsFunc(e.Services, func(p string) bool {
		want, at, ok := strings.Cut(p, ":")
		return Like(want, name) && (!ok || at == port)
	})
}
