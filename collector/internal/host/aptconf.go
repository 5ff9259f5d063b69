package host

import "strings"

const maxAptTokens = 100_000

// aptSetting is one assignment: the whole key and its value. A key that ends in "::" is an item of a list.
type aptSetting struct {
	key   string
	value string
	clear bool // #clear: the key and what stands below it is taken away
}

// parseAptConf reads the language of apt.conf(5): nested scopes, lists, C, C++ and shell comments, #clear.
func parseAptConf(text string) []aptSetting {
	var out []aptSetting
	var scope []string
	key, value := "", ""
	have := false
	join := func(k string) string {
		if k == "" {
			return strings.Join(scope, "::") + "::"
		}
		return strings.Join(append(scope[:len(scope):len(scope)], k), "::")
	}
	clear := false
	end := func() {
		switch {
		case clear && key != "":
			out = append(out, aptSetting{key: join(key), clear: true})
		case have && key == "":
			out = append(out, aptSetting{key: join(""), value: value})
		case key != "":
			out = append(out, aptSetting{key: join(key), value: value})
		}
		key, value, have, clear = "", "", false, false
	}
	tokens := aptTokens(text)
	for i, t := range tokens {
		switch t {
		case "{":
			scope = append(scope, key)
			key, value, have = "", "", false
		case "}":
			end()
			if len(scope) > 0 {
				scope = scope[:len(scope)-1]
			}
		case ";":
			if i > 0 && tokens[i-1] == "}" {
				continue
			}
			end()
		case "#clear":
			clear = true
		default:
			text, quoted := strings.CutPrefix(t, "\x00")
			switch {
			case quoted || key != "":
				value, have = text, true
			default:
				key = text
			}
		}
		if len(scope) > 64 {
			return out
		}
	}
	end()
	return out
}

// aptTokens splits the text: braces, semicolons, words, and quoted texts marked by a leading NUL.
func aptTokens(s string) []string {
	var out []string
	for i := 0; i < len(s) && len(out) < maxAptTokens; {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case strings.HasPrefix(s[i:], "//"), c == '#' && !strings.HasPrefix(s[i:], "#clear") && !strings.HasPrefix(s[i:], "#include"):
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				return out
			}
			i += n
		case strings.HasPrefix(s[i:], "/*"):
			n := strings.Index(s[i+2:], "*/")
			if n < 0 {
				return out
			}
			i += n + 4
		case c == '{' || c == '}' || c == ';':
			out = append(out, string(c))
			i++
		case c == '"':
			n := strings.IndexByte(s[i+1:], '"')
			if n < 0 {
				return out
			}
			out = append(out, "\x00"+s[i+1:i+1+n])
			i += n + 2
		default:
			n := strings.IndexAny(s[i:], " \t\r\n{};\"")
			if n <= 0 {
				n = len(s) - i
			}
			out = append(out, s[i:i+n])
			i += n
		}
	}
	return out
}

// aptConfig is apt's effective configuration, keys in lower case.
type aptConfig struct {
	values map[string]string
	lists  map[string][]string
}

// aptConfig reads what apt reads, in its order: apt.conf.d by name, then apt.conf; later assignments win.
func (e *Env) aptConfig(r *reading) aptConfig {
	c := aptConfig{values: map[string]string{}, lists: map[string][]string{}}
	for _, f := range append(e.Glob("/etc/apt/apt.conf.d/*"), "/etc/apt/apt.conf") {
		name := f[strings.LastIndexByte(f, '/')+1:]
		if ext := strings.LastIndexByte(name, '.'); ext > 0 && name[ext:] != ".conf" {
			continue // apt reads names without an extension, or with .conf
		}
		b, ok := r.file(e, f)
		if !ok {
			continue
		}
		for _, s := range parseAptConf(string(b)) {
			c.set(s)
		}
	}
	return c
}

func (c *aptConfig) set(s aptSetting) {
	key := strings.ToLower(s.key)
	if s.clear {
		for k := range c.values {
			if k == key || strings.HasPrefix(k, key+"::") {
				delete(c.values, k)
			}
		}
		for k := range c.lists {
			if k == key || strings.HasPrefix(k, key+"::") {
				delete(c.lists, k)
			}
		}
		return
	}
	if list, ok := strings.CutSuffix(key, "::"); ok {
		c.lists[list] = append(c.lists[list], s.value)
		return
	}
	c.values[key] = s.value
}

// on reads a boolean or a number of days: anything but 0 and its like is on.
func (c *aptConfig) on(key string) (on, set bool) {
	v, ok := c.values[strings.ToLower(key)]
	switch strings.ToLower(v) {
	case "", "0", "no", "false", "off", "without", "disable":
		return false, ok && v != ""
	}
	return true, true
}
