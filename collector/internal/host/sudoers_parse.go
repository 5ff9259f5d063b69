package host

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxSudoFiles    = 256
	maxSudoBytes    = 8 << 20
	maxSudoDepth    = 128 // of includes, as sudo allows
	maxSudoRules    = 4096
	maxSudoExpanded = 1024 // names one alias may stand for
)

// sudoAliasKinds are the four kinds of aliases, each with its own names.
var sudoAliasKinds = map[string]string{
	"User_Alias": "user", "Runas_Alias": "runas", "Host_Alias": "host", "Cmnd_Alias": "cmnd", "Cmd_Alias": "cmnd",
}

// sudoers is a policy being read: raw, aliases not yet resolved, since they may be defined after their use.
type sudoers struct {
	env      *Env
	hostname string // for %h in include paths
	read     *reading
	files    int
	bytes    int
	aliases  map[string]map[string][]string // kind → name → members
	defaults []facts.SudoDefault
	rules    []facts.SudoRule
	errs     []string
}

func newSudoers(env *Env, hostname string, r *reading) *sudoers {
	s := &sudoers{env: env, hostname: hostname, read: r, aliases: map[string]map[string][]string{}}
	for _, kind := range sudoAliasKinds {
		s.aliases[kind] = map[string][]string{}
	}
	return s
}

func (s *sudoers) fail(file string, line int, format string, args ...any) {
	if len(s.errs) < 64 {
		s.errs = append(s.errs, fmt.Sprintf("%s:%d: %s", file, line, fmt.Sprintf(format, args...)))
	}
}

// file reads one file and what it includes. A file that sudo would refuse for its owner or mode is not read.
func (s *sudoers) file(name string, depth int) {
	if s.files++; s.files > maxSudoFiles || depth > maxSudoDepth {
		s.fail(name, 0, "too many includes")
		return
	}
	st := s.env.Stat(name)
	if st.Kind == "file" && (*st.UID != 0 || st.WorldWritable || st.GroupWritable && *st.GID != 0) {
		s.fail(name, 0, "refused by sudo: owner %d, mode %s", *st.UID, st.Mode)
		return
	}
	b, err := s.env.ReadFile(name)
	if err != nil {
		s.read.miss(name, err)
		return
	}
	if s.bytes += len(b); s.bytes > maxSudoBytes {
		s.read.note(name, "more policy than is read")
		return
	}
	s.parse(b, name, depth)
}

func (s *sudoers) parse(b []byte, name string, depth int) {
	for _, l := range sudoLines(b) {
		word, rest, _ := strings.Cut(strings.ReplaceAll(l.text, "\t", " "), " ")
		rest = strings.TrimSpace(rest)
		switch kind := sudoAliasKinds[word]; {
		case word == "@include" || word == "#include":
			s.file(s.includePath(rest, name), depth+1)
		case word == "@includedir" || word == "#includedir":
			s.dir(s.includePath(rest, name), depth+1)
		case kind != "":
			s.alias(kind, rest, name, l.n)
		case word == "Defaults" || strings.HasPrefix(word, "Defaults") && strings.IndexByte("@:!>", word[len("Defaults")]) >= 0:
			s.defaultsLine(l.text[len("Defaults"):], name, l.n)
		default:
			s.userSpec(l.text, name, l.n)
		}
	}
}

// includePath resolves quotes, "%h" and a path relative to the including file.
func (s *sudoers) includePath(p, from string) string {
	p = strings.ReplaceAll(sudoWord(p), "%h", s.hostname)
	if !strings.HasPrefix(p, "/") {
		p = path.Join(path.Dir(from), p)
	}
	return p
}

// dir reads the files of an include directory in lexical order; names that hold a period or end in "~" are left out.
func (s *sudoers) dir(name string, depth int) {
	entries, err := s.env.ReadDir(name)
	if err != nil {
		s.read.miss(name, err)
		return
	}
	for _, d := range entries {
		if !strings.Contains(d.Name(), ".") && !strings.HasSuffix(d.Name(), "~") && !d.IsDir() {
			s.file(path.Join(name, d.Name()), depth)
		}
	}
}

// alias reads "NAME = a, b : OTHER = c".
func (s *sudoers) alias(kind, text, file string, line int) {
	sep := byte(':')
	for _, def := range splitAliases(text, sep) {
		name, members, ok := cutSudo(def, '=')
		if !ok || !isSudoAlias(name) || members == "" {
			s.fail(file, line, "not an alias definition")
			continue
		}
		if _, ok := s.aliases[kind][name]; ok {
			s.fail(file, line, "alias %s is defined twice", name)
			continue
		}
		s.aliases[kind][name] = splitSudo(members, ',')
	}
}

// splitAliases splits at those colons that a new definition follows, for commands and addresses hold colons too.
func splitAliases(text string, sep byte) []string {
	var groups [][]string
	for i, p := range splitSudo(text, sep) {
		if name, _, ok := cutSudo(p, '='); i == 0 || ok && isSudoAlias(name) {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], p)
	}
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = strings.Join(g, string(sep))
	}
	return out
}

// defaultsLine reads what follows the word Defaults: an optional scope, then settings.
func (s *sudoers) defaultsLine(text, file string, line int) {
	scope := ""
	if text != "" && strings.IndexByte("@:!>", text[0]) >= 0 {
		scope, text = cutScope(text)
	}
	for _, setting := range splitSudo(text, ',') {
		d := facts.SudoDefault{Scope: scope, File: file}
		for strings.HasPrefix(setting, "!") {
			d.Negated = !d.Negated
			setting = strings.TrimSpace(setting[1:])
		}
		name, value, hasValue := cutSudo(setting, '=')
		name = strings.TrimSpace(name)
		if op := strings.TrimRight(name, "+-"); hasValue && op != name {
			value = name[len(op):] + "=" + value
			name = strings.TrimSpace(op)
		}
		if name == "" || strings.ContainsAny(name, " \t") {
			s.fail(file, line, "not a Defaults setting")
			continue
		}
		d.Name, d.Value = name, sudoWord(value)
		if len(s.defaults) < maxSudoRules {
			s.defaults = append(s.defaults, d)
		}
	}
}

// cutScope takes a scope ("@host,host", ":user", ">runas", "!command") off a Defaults line. White space may stand after
// commas in it.
func cutScope(text string) (scope, rest string) {
	mark := text[:1]
	body := strings.TrimSpace(text[1:])
	quoted := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			left, right := body[:i], strings.TrimSpace(body[i:])
			i = len(body) - len(right) - 1 // the whole run of white space at once
			if strings.HasSuffix(left, ",") || strings.HasPrefix(right, ",") {
				continue
			}
			return mark + strings.Join(strings.Fields(left), ""), right
		}
	}
	return mark + body, ""
}

// userSpec reads "users hosts = commands : hosts = commands".
func (s *sudoers) userSpec(text, file string, line int) {
	left, right, ok := cutSudo(text, '=')
	if !ok {
		s.fail(file, line, "not a user specification")
		return
	}
	users, hosts := cutLists(left)
	if users == "" || hosts == "" {
		s.fail(file, line, "not a user specification")
		return
	}
	for _, part := range splitSpecs(right) {
		if part.hosts == "" {
			part.hosts = hosts
		}
		s.commands(splitSudo(users, ','), splitSudo(part.hosts, ','), part.commands, file, line)
	}
}

type sudoSpec struct{ hosts, commands string }

// splitSpecs splits "commands : hosts = commands : ..." at those colons that "hosts =" follows.
func splitSpecs(text string) []sudoSpec {
	var out []sudoSpec
	var pieces [][]string
	last := ""
	for i, p := range splitSudo(text, ':') {
		hosts, commands, ok := cutSudo(p, '=')
		switch {
		case i == 0:
			out, pieces = append(out, sudoSpec{}), append(pieces, []string{p})
		case ok && hosts != "" && !strings.ContainsAny(hosts, " /(") && !isSudoTag(last):
			out, pieces = append(out, sudoSpec{hosts: hosts}), append(pieces, []string{commands})
		default:
			pieces[len(pieces)-1] = append(pieces[len(pieces)-1], p)
		}
		last = p
	}
	for i := range out {
		out[i].commands = strings.Join(pieces[i], ":")
	}
	return out
}

// isSudoTag says whether a command list ends in a tag or the name of a digest, so that the colon after it belongs to it.
func isSudoTag(commands string) bool {
	i := strings.LastIndexAny(commands, " \t,):=")
	return slices.Contains(sudoTags, commands[i+1:]) || slices.Contains(sudoDigests, commands[i+1:])
}

// cutLists cuts "user, user host, host" between the two lists: at the first white space that no comma stands beside.
func cutLists(text string) (first, second string) {
	text = strings.TrimSpace(text)
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			left, right := text[:i], strings.TrimSpace(text[i:])
			i = len(text) - len(right) - 1 // the whole run of white space at once
			if strings.HasSuffix(left, ",") || strings.HasPrefix(right, ",") || strings.HasSuffix(left, "!") {
				continue
			}
			return left, right
		}
	}
	return "", ""
}

var sudoTags = []string{
	"EXEC", "NOEXEC", "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT", "LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT",
	"MAIL", "NOMAIL", "PASSWD", "NOPASSWD", "SETENV", "NOSETENV",
}

// sudoDigests may stand before a command, with the digest its file must have.
var sudoDigests = []string{"sha224", "sha256", "sha384", "sha512"}

var sudoOptions = []string{"ROLE", "TYPE", "APPARMOR_PROFILE", "PRIVS", "LIMITPRIVS", "NOTBEFORE", "NOTAFTER", "TIMEOUT", "CWD", "CHROOT"}

// commands reads a command list. The runas part and the tags of one command hold for those after it until they are
// changed; commands that share them make one rule.
func (s *sudoers) commands(users, hosts []string, text, file string, line int) {
	var runas []string
	var tags []string
	var rule *facts.SudoRule
	for _, item := range splitSudo(text, ',') {
		changed := rule == nil
		if strings.HasPrefix(item, "(") {
			inner, rest, ok := strings.Cut(item[1:], ")")
			if !ok {
				s.fail(file, line, "a parenthesis is left open")
				return
			}
			runas, item, changed = parseRunAs(inner), strings.TrimSpace(rest), true
		}
		item, tags, changed = takeTags(item, tags, changed)
		if item == "" {
			s.fail(file, line, "a command is missing")
			continue
		}
		if changed && len(s.rules) < maxSudoRules {
			s.rules = append(s.rules, facts.SudoRule{
				Users: users, Hosts: hosts, RunAs: runas, Tags: slices.Clone(tags), NoPasswd: slices.Contains(tags, "NOPASSWD"),
				File: file, Line: line,
			})
			rule = &s.rules[len(s.rules)-1]
		}
		if rule != nil {
			rule.Commands = append(rule.Commands, item)
		}
	}
}

// parseRunAs reads "users : groups"; groups get a ":" before them.
func parseRunAs(text string) []string {
	out := []string{}
	users, groups, _ := cutSudo(text, ':')
	if users != "" {
		out = splitSudo(users, ',')
	}
	if groups != "" {
		for _, g := range splitSudo(groups, ',') {
			out = append(out, ":"+g)
		}
	}
	return out
}

// takeTags takes tags ("NOPASSWD:") and options ("CWD=/tmp") off the front of a command.
func takeTags(item string, tags []string, changed bool) (string, []string, bool) {
	for {
		word, rest, ok := cutSudo(item, ':')
		if ok && slices.Contains(sudoTags, word) {
			opposite := "NO" + word
			if o, ok := strings.CutPrefix(word, "NO"); ok {
				opposite = o
			}
			if !slices.Contains(tags, word) {
				tags = append(slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return t == opposite }), word)
				changed = true
			}
			item = rest
			continue
		}
		name, rest, ok := cutSudo(item, '=')
		if ok && slices.Contains(sudoOptions, name) {
			_, item, _ = strings.Cut(rest, " ")
			item = strings.TrimSpace(item)
			continue
		}
		return item, tags, changed
	}
}

// resolve replaces the aliases of one kind in a list by what they stand for. "!" before an alias negates each of its
// members; twice is none. Upper-case words without a definition stay, since they may be names of users or hosts.
func (s *sudoers) resolve(kind string, list []string) []string {
	out := []string{}
	s.expand(kind, list, false, map[string]bool{}, &out)
	return out
}

func (s *sudoers) expand(kind string, list []string, negated bool, seen map[string]bool, out *[]string) {
	for _, word := range list {
		not := negated
		group := ""
		if kind == "runas" && strings.HasPrefix(word, ":") {
			group, word = ":", word[1:]
		}
		for strings.HasPrefix(word, "!") {
			not = !not
			word = strings.TrimSpace(word[1:])
		}
		if members, ok := s.aliases[kind][word]; ok {
			mark := fmt.Sprint(not, group, word)
			if seen[mark] {
				continue // a loop, or a second time: nothing new would come of it
			}
			seen[mark] = true
			if group != "" {
				members = prefixAll(group, members)
			}
			s.expand(kind, members, not, seen, out)
			continue
		}
		if len(*out) >= maxSudoExpanded {
			return
		}
		word = group + sudoMember(kind, word)
		if not {
			word = "!" + word
		}
		if !slices.Contains(*out, word) {
			*out = append(*out, word)
		}
	}
}

var cmndEscapes = strings.NewReplacer(`\\`, `\\`, `\,`, ",", `\:`, ":", `\=`, "=", `\#`, "#", `\ `, " ")

func prefixAll(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = prefix + s
	}
	return out
}

// sudoMember cleans one member. Commands lose double spaces, a digest before them, and the escapes of the grammar; those
// that matter to their patterns stay.
func sudoMember(kind, word string) string {
	if kind == "cmnd" {
		for name, rest, ok := strings.Cut(word, ":"); ok && slices.Contains(sudoDigests, name); name, rest, ok = strings.Cut(word, ":") {
			_, word, _ = strings.Cut(strings.TrimSpace(rest), " ")
			word = strings.TrimSpace(word)
		}
		return cmndEscapes.Replace(strings.Join(strings.Fields(word), " "))
	}
	if rest, ok := strings.CutPrefix(word, "%"); ok {
		return "%" + sudoWord(rest)
	}
	return sudoWord(word)
}
