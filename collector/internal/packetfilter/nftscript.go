package packetfilter

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxTokens bounds one script with everything it includes.
const maxTokens = 500_000

// ParseScript reads an nft script, as nft -f would load it into an empty rule set. include returns the texts of the
// files an include statement names; nil: includes are left out. What is not understood becomes a condition that is not
// known, never nothing.
func ParseScript(text string, include func(pattern string) []string) *Ruleset {
	p := &scriptParser{include: include, vars: map[string][]string{}, rules: &Ruleset{}}
	p.script(text, 0)
	return p.rules
}

type scriptParser struct {
	include func(string) []string
	vars    map[string][]string
	rules   *Ruleset
	tokens  int
	count   int
}

// tokenize splits a script: words, quoted texts, and the signs { } ; , = : each by itself. A line end is a ";".
func tokenize(text string) []string {
	var out []string
	word := -1
	end := func(i int) {
		if word >= 0 {
			out = append(out, text[word:i])
			word = -1
		}
	}
	for i := 0; i < len(text) && len(out) < maxTokens; i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\r':
			end(i)
		case '\n', ';':
			end(i)
			out = append(out, ";")
		case '{', '}', ',', '=':
			if c == '=' && (i+1 < len(text) && text[i+1] == '=' || word == i-1 && word >= 0 && strings.IndexByte("!<>=", text[word]) >= 0) {
				if word < 0 {
					word = i
				}
				continue // != == <= >=
			}
			end(i)
			out = append(out, string(c))
		case '"', '\'':
			end(i)
			close := strings.IndexByte(text[i+1:], c)
			if close < 0 {
				return out
			}
			out = append(out, "\x00"+text[i+1:i+1+close])
			i += close + 1
		case '#':
			end(i)
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case '\\':
			end(i)
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
		default:
			if word < 0 {
				word = i
			}
		}
	}
	end(len(text))
	return out
}

// plain takes the mark of a quoted word off.
func plain(tok string) string { return strings.TrimPrefix(tok, "\x00") }

func (p *scriptParser) script(text string, depth int) {
	t := tokenize(text)
	if p.tokens += len(t); p.tokens > maxTokens {
		return
	}
	for len(t) > 0 {
		var stmt []string
		stmt, t = statement(t)
		p.top(stmt, depth)
	}
}

// statement takes one statement off: up to a ";" outside braces, or through the brace that closes a block.
func statement(t []string) (stmt, rest []string) {
	depth := 0
	for i, tok := range t {
		switch tok {
		case "{":
			depth++
		case "}":
			if depth--; depth <= 0 {
				return t[:i+1], t[i+1:]
			}
		case ";":
			if depth == 0 {
				return t[:i], t[i+1:]
			}
		}
	}
	return t, nil
}

func (p *scriptParser) top(stmt []string, depth int) {
	if len(stmt) > 0 && stmt[0] == "add" || len(stmt) > 0 && stmt[0] == "create" {
		stmt = stmt[1:]
	}
	if len(stmt) < 2 {
		return
	}
	switch stmt[0] {
	case "include":
		if p.include != nil && depth < maxDepth {
			for _, text := range p.include(plain(stmt[1])) {
				p.script(text, depth+1)
			}
		}
	case "define", "redefine":
		if len(stmt) > 3 && stmt[2] == "=" {
			p.vars[stmt[1]] = stmt[3:]
		}
	case "flush":
		if stmt[1] == "ruleset" {
			p.rules.Tables = nil
		}
	case "delete", "destroy":
		if stmt[1] == "table" {
			if t, _ := p.table(stmt[2:], false); t != nil {
				p.rules.Tables = slices.DeleteFunc(p.rules.Tables, func(x *Table) bool { return x == t })
			}
		}
	case "table":
		if t, rest := p.table(stmt[1:], true); t != nil {
			p.block(t, body(rest), depth)
		}
	case "chain":
		if t, rest := p.table(stmt[1:], true); t != nil && len(rest) > 0 {
			p.chain(t, rest[0], body(rest[1:]), depth)
		}
	case "rule", "insert":
		if stmt[0] == "insert" {
			stmt = stmt[1:]
		}
		if t, rest := p.table(stmt[1:], true); t != nil && len(rest) > 0 {
			c := p.chainOf(t, rest[0])
			p.rule(c, rest[1:])
		}
	}
}

// table reads "[family] name" and returns the table with what follows.
func (p *scriptParser) table(t []string, create bool) (*Table, []string) {
	family := "ip"
	if len(t) > 0 && slices.Contains([]string{"ip", "ip6", "inet", "arp", "bridge", "netdev"}, t[0]) {
		family, t = t[0], t[1:]
	}
	if len(t) == 0 {
		return nil, nil
	}
	name := plain(t[0])
	for _, have := range p.rules.Tables {
		if have.Family == family && have.Name == name {
			return have, t[1:]
		}
	}
	if !create || len(p.rules.Tables) > 1024 {
		return nil, nil
	}
	n := &Table{Backend: "nftables", Family: family, Name: name}
	p.rules.Tables = append(p.rules.Tables, n)
	return n, t[1:]
}

// body returns what stands between the outer braces.
func body(t []string) []string {
	i := slices.Index(t, "{")
	if i < 0 {
		return nil
	}
	t = t[i+1:]
	if n := len(t); n > 0 && t[n-1] == "}" {
		t = t[:n-1]
	}
	return t
}

func (p *scriptParser) block(t *Table, b []string, depth int) {
	for len(b) > 0 {
		var stmt []string
		stmt, b = statement(b)
		if len(stmt) < 2 {
			continue
		}
		switch stmt[0] {
		case "chain":
			p.chain(t, plain(stmt[1]), body(stmt[2:]), depth)
		case "set":
			p.set(stmt[1], body(stmt[2:]))
		case "map":
			p.vars["@"+stmt[1]] = nil
		case "include":
			if p.include != nil && depth < maxDepth {
				for _, text := range p.include(plain(stmt[1])) {
					p.block(t, tokenize(text), depth+1)
				}
			}
		case "define":
			p.top(stmt, depth)
		}
	}
}

// set keeps the elements of a named set as a variable; a set without elements is filled by others at run time.
func (p *scriptParser) set(name string, b []string) {
	for len(b) > 0 {
		var stmt []string
		stmt, b = statement(b)
		if len(stmt) > 2 && stmt[0] == "elements" && stmt[1] == "=" {
			p.vars["@"+name] = stmt[2:]
		}
	}
}

func (p *scriptParser) chainOf(t *Table, name string) *Chain {
	name = plain(name)
	if c := t.Chain(name); c != nil {
		return c
	}
	c := &Chain{Name: name}
	t.Chains = append(t.Chains, c)
	return c
}

func (p *scriptParser) chain(t *Table, name string, b []string, depth int) {
	c := p.chainOf(t, name)
	for len(b) > 0 {
		var stmt []string
		stmt, b = p.ruleStatement(b)
		if len(stmt) == 0 {
			continue
		}
		switch stmt[0] {
		case "type":
			p.hook(c, stmt)
		case "policy":
			if len(stmt) > 1 {
				c.Policy = stmt[1]
			}
		case "include":
			if p.include != nil && depth < maxDepth && len(stmt) > 1 {
				for _, text := range p.include(plain(stmt[1])) {
					p.chain(t, name, tokenize(text), depth+1)
				}
			}
		case "comment", "flags", "device", "devices":
		default:
			p.rule(c, stmt)
		}
	}
}

// ruleStatement takes one rule off. A brace closes a set inside a rule, not the rule.
func (p *scriptParser) ruleStatement(t []string) (stmt, rest []string) {
	depth := 0
	for i, tok := range t {
		switch tok {
		case "{":
			depth++
		case "}":
			depth--
		case ";":
			if depth <= 0 {
				return slices.DeleteFunc(slices.Clone(t[:i]), func(s string) bool { return s == ";" }), t[i+1:]
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(t), func(s string) bool { return s == ";" }), nil
}

var priorities = map[string]int{"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}

// hook reads "type filter hook input priority filter + 10".
func (p *scriptParser) hook(c *Chain, stmt []string) {
	for i := 0; i+1 < len(stmt); i++ {
		switch stmt[i] {
		case "type":
			c.Type = stmt[i+1]
		case "hook":
			c.Hook = stmt[i+1]
		case "priority":
			text := p.expand(stmt[i+1:])
			base, ok := 0, false
			sign := 1
			for _, w := range text {
				w = plain(w)
				if n, known := priorities[w]; known && !ok {
					base, ok = n, true
				} else if w == "-" {
					sign = -1
				} else if n, err := strconv.Atoi(w); err == nil {
					base += sign * n
				}
			}
			c.Priority = base
		}
	}
	if c.Policy == "" {
		c.Policy = "accept"
	}
}

// expand puts variables in.
func (p *scriptParser) expand(t []string) []string {
	var out []string
	for _, w := range t {
		if name, ok := strings.CutPrefix(w, "$"); ok {
			if v, ok := p.vars[name]; ok && len(out) < 10000 {
				out = append(out, v...)
				continue
			}
		}
		out = append(out, w)
	}
	return out
}

func (p *scriptParser) rule(c *Chain, stmt []string) {
	if p.count++; p.count > maxRules {
		return
	}
	for range 4 { // variables may hold variables
		if !slices.ContainsFunc(stmt, func(s string) bool { return strings.HasPrefix(s, "$") }) {
			break
		}
		stmt = p.expand(stmt)
	}
	r := &ruleReader{vars: p.vars, t: stmt}
	c.Rules = append(c.Rules, r.read())
	p.rules.SetsMarks = p.rules.SetsMarks || r.sets
}

// addrClassOf sums up address texts: prefixes, ranges, single addresses.
func addrClassOf(values []string) AddrClass {
	multicast, loopback := len(values) > 0, len(values) > 0
	for _, v := range values {
		lo, _, _ := strings.Cut(v, "-")
		pfx, err := netip.ParsePrefix(lo)
		if err != nil {
			a, err := netip.ParseAddr(lo)
			if err != nil {
				return AddrSome
			}
			pfx = netip.PrefixFrom(a, a.BitLen())
		}
		if pfx.Bits() == 0 {
			return AddrAll
		}
		a := pfx.Addr()
		multicast = multicast && (a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}))
		loopback = loopback && a.IsLoopback()
	}
	switch {
	case multicast:
		return AddrMulticast
	case loopback:
		return AddrLoopback
	}
	return AddrSome
}
