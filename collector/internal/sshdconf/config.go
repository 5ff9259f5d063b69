// Package sshdconf computes the effective configuration of OpenSSH's server from its files and command line, as the
// server itself would: without running it.
//
// What it knows was checked against "sshd -T" of Debian 11, 12 and 13 (8.4, 9.2, 10.0); the test beside it repeats that over a matrix of
// configurations wherever an sshd is installed. Host names in ListenAddress are not resolved, Match blocks are listed
// and not evaluated, except those that hold for every connection.
package sshdconf

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// Limits of what one configuration may hold. sshd allows includes 16 deep.
const (
	maxDepth      = 16
	maxFiles      = 512
	maxDirectives = 20000
	maxErrors     = 50
)

// Files is the file system the configuration is read from. Both functions take absolute paths.
type Files struct {
	Read func(path string) ([]byte, error)
	Glob func(pattern string) []string // sorted as glob(3) sorts in the C locale
}

// Options say which configuration to compute.
type Options struct {
	Files   Files
	Path    string   // main file; empty: /etc/ssh/sshd_config, or what -f in Args names
	Args    []string // arguments after the program's name, as on sshd's command line
	Version Version  // zero: read as the newest release
	Distro  string   // "debian" (with its derivatives), "rhel", or anything else for an unpatched sshd
}

// directive is one accepted setting.
type directive struct {
	name   string
	values []string
	source string
	block  *block // nil: global
}

// block is one Match block, with the blocks its file was included from.
type block struct {
	parent   *block
	criteria []criterion
	source   string
	invalid  bool // sshd refuses the line: nothing is known to match
}

// parser holds the state of one run.
type parser struct {
	o          Options
	directives []directive
	blocks     []*block
	files      []string
	errors     []string
	count      int
	reads      int
	flagPorts  bool // -p was given: Port in files is not read
}

// Parse computes the effective configuration. A file that cannot be read or a line that sshd would refuse is told in
// Errors; the error is non-nil only when the main file exists and could not be read at all.
func Parse(o Options) (*facts.SSHDConfig, error) {
	if o.Version == 0 {
		o.Version = newest
	}
	p := &parser{o: o}
	main := p.commandLine(o.Args)
	if main == "" {
		main = "/etc/ssh/sshd_config"
	}
	if o.Path != "" {
		main = o.Path
	}
	var err error
	if main != "none" {
		err = p.file(main, nil, 0)
		if errors.Is(err, fs.ErrNotExist) {
			p.fail("%s: no such file", main)
			err = nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", main, err)
		}
	}
	return p.effective(), nil
}

// commandLine turns sshd's options into directives, which come before every file, and returns the argument of -f.
func (p *parser) commandLine(args []string) (main string) {
	const source = "command line"
	add := func(name, value string) {
		p.directive(name, value, nil, source)
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' {
			continue
		}
		for j := 1; j < len(a); j++ {
			c := a[j]
			if strings.IndexByte("CEbcfghkopuV", c) < 0 || c == 'V' {
				switch c {
				case '4':
					add("AddressFamily", "inet")
				case '6':
					add("AddressFamily", "inet6")
				case 'q':
					add("LogLevel", "QUIET")
				}
				continue
			}
			value := a[j+1:]
			if value == "" && i+1 < len(args) {
				i++
				value = args[i]
			}
			switch c {
			case 'f':
				main = value
			case 'p':
				p.flagPorts = true
				add("Port", value)
			case 'g':
				add("LoginGraceTime", value)
			case 'h':
				add("HostKey", value)
			case 'c':
				add("HostCertificate", value)
			case 'o':
				p.line(value, &scope{}, 0, source)
			}
			break
		}
	}
	return main
}

// scope is the Match block a line stands in, and the one its file was included from.
type scope struct {
	outer *block
	now   *block
}

func (p *parser) file(name string, outer *block, depth int) error {
	if p.reads++; p.reads > maxFiles {
		return errors.New("too many included files")
	}
	b, err := p.o.Files.Read(name)
	if err != nil {
		return err
	}
	if !slices.Contains(p.files, name) {
		p.files = append(p.files, name)
	}
	sc := &scope{outer: outer, now: outer}
	n := 0
	for line := range strings.SplitSeq(string(b), "\n") {
		n++
		if p.o.Version < cutsComments {
			line, _, _ = strings.Cut(line, "#")
		}
		if p.count >= maxDirectives {
			return errors.New("too many lines")
		}
		p.line(line, sc, depth, fmt.Sprintf("%s:%d", name, n))
	}
	return nil
}

func (p *parser) fail(format string, args ...any) {
	if len(p.errors) < maxErrors {
		p.errors = append(p.errors, fmt.Sprintf(format, args...))
	}
}

// line reads one line into the scope.
func (p *parser) line(text string, sc *scope, depth int, source string) {
	text = strings.TrimRight(text, blanks+"\f")
	name, args, ok := nextWord(text)
	if ok && name == "" {
		name, args, ok = nextWord(args)
	}
	if name == "" && ok || strings.HasPrefix(name, "#") {
		return
	}
	p.count++
	if !ok || args == "" {
		p.fail("%s: no argument after keyword %q", source, name)
		return
	}
	switch key := strings.ToLower(name); key {
	case "match":
		if source == "command line" {
			p.fail("%s: Match is not allowed here", source)
			return
		}
		p.match(args, sc, source)
	case "include":
		p.include(args, sc, depth, source)
	default:
		p.directive(name, args, sc.now, source)
	}
}

func (p *parser) match(args string, sc *scope, source string) {
	criteria, err := parseCriteria(args)
	if err != nil {
		p.fail("%s: %v", source, err)
	}
	b := &block{parent: sc.outer, criteria: criteria, source: source, invalid: err != nil}
	p.blocks = append(p.blocks, b)
	sc.now = b
}

func (p *parser) include(args string, sc *scope, depth int, source string) {
	if keywords["include"].since > p.o.Version {
		p.fail("%s: bad configuration option: Include", source)
		return
	}
	patterns, ok := p.split(args)
	if !ok || len(patterns) == 0 {
		p.fail("%s: invalid quotes", source)
		return
	}
	if depth >= maxDepth {
		p.fail("%s: too many recursive configuration includes", source)
		return
	}
	for _, pattern := range patterns {
		if !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "~") {
			pattern = "/etc/ssh/" + pattern
		}
		for _, name := range p.o.Files.Glob(pattern) {
			if err := p.file(name, sc.now, depth+1); err != nil {
				p.fail("%s: include %s: %v", source, name, err)
			}
		}
	}
}

// split splits the arguments of a line by the rules of the release.
func (p *parser) split(args string) ([]string, bool) {
	if p.o.Version >= 807 {
		return splitArgs(args)
	}
	return splitArgsOld(args)
}

// directive reads one setting; a value that sshd would refuse is told and left out.
func (p *parser) directive(name, args string, b *block, source string) {
	key := strings.ToLower(name)
	if to, ok := aliases[key]; ok {
		key = to
	}
	k, known := keywords[key]
	if !known || k.since > p.o.Version {
		p.fail("%s: bad configuration option: %s", source, name)
		return
	}
	if b != nil && !b.always() && !k.allowedInMatch(p.o.Version) {
		p.fail("%s: directive %s is not allowed within a Match block", source, name)
		return
	}
	if k.kind == ignored {
		return
	}
	var values []string
	if k.kind == rest {
		values = []string{strings.TrimLeft(args, blanks)}
	} else {
		words, ok := p.split(args)
		if !ok {
			p.fail("%s: invalid quotes", source)
			return
		}
		if len(words) == 0 {
			p.fail("%s: missing argument of %s", source, name)
			return
		}
		var err error
		if values, err = readValues(key, k, words); err != nil {
			p.fail("%s: %s: %v", source, name, err)
			return
		}
	}
	p.directives = append(p.directives, directive{name: key, values: values, source: source, block: b})
}

// effective folds the accepted directives into settings.
func (p *parser) effective() *facts.SSHDConfig {
	cfg := &facts.SSHDConfig{
		Settings: map[string][]string{},
		Sources:  map[string]string{},
		Files:    p.files,
	}
	global := p.fold(func(d directive) bool { return d.block == nil || d.block.always() })
	for name, s := range global {
		cfg.Settings[name], cfg.Sources[name] = s.values, s.source
	}
	p.foldBlocks(cfg)
	p.defaults(cfg)
	p.algorithmLists(cfg.Settings)
	cfg.Settings["listenaddress"] = listenAddresses(cfg.Settings)
	cfg.Errors = p.errors
	return cfg
}

// setting is a folded value.
type setting struct {
	values []string
	source string
}

// fold applies "first value wins" and the keywords that add up to the directives that take part.
func (p *parser) fold(takesPart func(directive) bool) map[string]setting {
	out := map[string]setting{}
	subsystems := map[string]bool{}
	for _, d := range p.directives {
		if !takesPart(d) {
			continue
		}
		have, seen := out[d.name]
		k := keywords[d.name]
		switch {
		case d.name == "subsystem":
			word, _, _ := strings.Cut(d.values[0], " ")
			if subsystems[word] {
				if p.o.Version < 904 {
					p.fail("%s: subsystem %q already defined", d.source, word)
				}
				continue
			}
			subsystems[word] = true
		case k.kind == listAppend, k.kind == fileAppend, d.name == "listenaddress":
		case k.kind == ports:
			if p.flagPorts && d.source != "command line" {
				continue
			}
		case seen:
			continue
		}
		if !seen {
			have.source = d.source
		}
		have.values = append(slices.Clone(have.values), d.values...)
		out[d.name] = have
	}
	return out
}

// foldBlocks fills cfg.Matches, and lets blocks that hold for every connection override the global settings: at each
// connection sshd reads the Match blocks again, and the first block that matches wins over what stands outside.
func (p *parser) foldBlocks(cfg *facts.SSHDConfig) {
	decided := map[string]bool{} // keywords an unconditional block has set: nothing later takes effect
	repeated := map[string]bool{}
	for _, b := range p.blocks {
		if b.never() {
			continue
		}
		text := b.text()
		own := p.fold(func(d directive) bool { return d.block == b })
		m := facts.SSHDMatch{Criteria: text, Settings: map[string][]string{}, Source: b.source}
		for name, s := range own {
			if !keywords[name].allowedInMatch(p.o.Version) || decided[name] || repeated[text+"\x00"+name] {
				continue
			}
			repeated[text+"\x00"+name] = true
			if b.always() || name == "permitrootlogin" && b.alwaysForRoot() {
				decided[name] = true
				cfg.Settings[name], cfg.Sources[name] = s.values, s.source
				continue
			}
			if name == "permitrootlogin" && b.neverForRoot() {
				continue
			}
			if keywords[name].kind == algorithms {
				s.values = assemble(strings.Join(s.values, ","), defaultAlgorithms(name, p.o.Version, p.o.Distro))
			}
			m.Settings[name] = s.values
		}
		if len(m.Settings) > 0 {
			cfg.Matches = append(cfg.Matches, m)
		}
	}
}

func (p *parser) defaults(cfg *facts.SSHDConfig) {
	for name, k := range keywords {
		if _, set := cfg.Settings[name]; set {
			continue
		}
		if def := defaultOf(name, k, p.o.Version, p.o.Distro); def != nil {
			cfg.Settings[name], cfg.Sources[name] = def, "default"
		}
	}
}

func (p *parser) algorithmLists(settings map[string][]string) {
	for name, k := range keywords {
		if k.kind != algorithms || len(settings[name]) == 0 {
			continue
		}
		settings[name] = assemble(strings.Join(settings[name], ","), defaultAlgorithms(name, p.o.Version, p.o.Distro))
	}
}

// listenAddresses gives each address every port it has none of its own for; with no address it is the wildcard.
func listenAddresses(settings map[string][]string) []string {
	addrs := settings["listenaddress"]
	if len(addrs) == 0 {
		switch settings["addressfamily"][0] {
		case "inet":
			addrs = []string{"0.0.0.0"}
		case "inet6":
			addrs = []string{"::"}
		default:
			addrs = []string{"0.0.0.0", "::"}
		}
	}
	var out []string
	for _, a := range addrs {
		host, port := splitHostPort(a)
		if port != "" {
			out = append(out, bracket(host)+":"+port)
			continue
		}
		for _, port := range settings["port"] {
			out = append(out, bracket(host)+":"+port)
		}
	}
	return unique(out)
}

// splitHostPort takes "addr", "addr:port", "[addr]:port", "[addr]" and a bare IPv6 address apart.
func splitHostPort(s string) (host, port string) {
	if strings.HasPrefix(s, "[") {
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[1:end], strings.TrimPrefix(s[end+1:], ":")
		}
		return s, ""
	}
	if strings.Count(s, ":") == 1 {
		host, port, _ = strings.Cut(s, ":")
		return host, port
	}
	return s, ""
}

func bracket(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// absolutePath makes a file name absolute as sshd does, which runs in the root directory; "none" stays.
func absolutePath(name string) string {
	if strings.EqualFold(name, "none") {
		return "none"
	}
	if strings.HasPrefix(name, "/") {
		return name
	}
	return path.Join("/", name)
}
