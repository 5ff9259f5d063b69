package systemd

import "strings"

// Command returns the words of a service's first ExecStart, with the variables of Environment= and EnvironmentFile= put
// in as systemd does: $NAME alone becomes its words, ${NAME} its text. nil when there is none.
func (s *Set) Command(u *Unit) []string {
	lines := u.Values("Service", "ExecStart")
	if len(lines) == 0 {
		return nil
	}
	env := s.environment(u)
	var out []string
	for i, w := range words(strings.TrimLeft(lines[0], "@-:+!")) {
		if name, ok := strings.CutPrefix(w, "$"); ok && i > 0 && !strings.HasPrefix(name, "{") && !strings.HasPrefix(name, "$") {
			out = append(out, words(env[name])...)
			continue
		}
		out = append(out, expand(w, env))
	}
	return out
}

func (s *Set) environment(u *Unit) map[string]string {
	env := map[string]string{}
	for _, line := range u.Values("Service", "Environment") {
		for _, w := range words(line) {
			if k, v, ok := strings.Cut(w, "="); ok {
				env[k] = v
			}
		}
	}
	for _, file := range u.Values("Service", "EnvironmentFile") {
		b, err := s.fs.ReadFile(strings.TrimPrefix(file, "-"))
		if err != nil {
			continue
		}
		for line := range strings.SplitSeq(string(b), "\n") {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' || line[0] == ';' {
				continue
			}
			if k, v, ok := strings.Cut(line, "="); ok {
				env[strings.TrimSpace(k)] = unquote(strings.TrimSpace(v))
			}
		}
	}
	return env
}

// expand puts ${NAME} in.
func expand(w string, env map[string]string) string {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(w, "${")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return out.String()
		}
		out.WriteString(env[name])
		w = tail
	}
}

// words splits a command line at white space, with both kinds of quotes.
func words(s string) []string {
	var out []string
	var w strings.Builder
	var quote rune
	in := false
	for _, c := range s {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if in {
				out = append(out, w.String())
				w.Reset()
				in = false
			}
		default:
			w.WriteRune(c)
			in = true
		}
	}
	if in {
		out = append(out, w.String())
	}
	return out
}

// unquote takes one pair of quotes off a value.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
