package host

import (
	"context"
	"path"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectSSHClient reads the system-wide client configuration as far as it holds for every host: what stands before the
// first Host or Match line, under "Host *" or under "Match all". The first value of a keyword wins, as ssh does it.
func collectSSHClient(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	const main = "/etc/ssh/ssh_config"
	if !env.Exists(main) {
		if env.firstExisting("/usr/bin/ssh", "/usr/bin/dbclient") == "" {
			return notApplicable("no ssh client")
		}
		doc.SSHClient = &facts.SSHClient{Settings: map[string][]string{}, Files: []string{}}
		return facts.Status{State: facts.StateOK}
	}
	var r reading
	c := &facts.SSHClient{Settings: map[string][]string{}, Files: []string{}}
	doc.SSHClient = c
	p := &sshClientParser{env: env, r: &r, out: c}
	p.file(main, true, 0)
	return r.status()
}

type sshClientParser struct {
	env *Env
	r   *reading
	out *facts.SSHClient
}

// file reads one file; applies says whether the lines of the including block hold for every host.
func (p *sshClientParser) file(name string, applies bool, depth int) {
	if depth > 16 || len(p.out.Files) > 256 {
		return
	}
	b, ok := p.r.file(p.env, name)
	if !ok {
		return
	}
	p.out.Files = append(p.out.Files, name)
	now := applies
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, rest := line, ""
		if i := strings.IndexAny(line, " \t="); i > 0 {
			key, rest = line[:i], strings.TrimLeft(line[i:], " \t=")
		}
		words := strings.Fields(strings.ReplaceAll(rest, `"`, ""))
		for i, w := range words {
			if strings.HasPrefix(w, "#") {
				words = words[:i]
				break
			}
		}
		if len(words) == 0 {
			continue
		}
		switch key = strings.ToLower(key); key {
		case "host":
			now = applies && len(words) == 1 && words[0] == "*"
		case "match":
			now = applies && len(words) == 1 && strings.EqualFold(words[0], "all")
		case "include":
			for _, w := range words {
				if !strings.HasPrefix(w, "/") {
					w = path.Join("/etc/ssh", w)
				}
				for _, f := range p.env.Glob(w) {
					p.file(f, now, depth+1)
				}
			}
		default:
			p.set(now, key, words)
		}
	}
}

func (p *sshClientParser) set(now bool, key string, words []string) {
	if !now || len(p.out.Settings) > 512 {
		return
	}
	have, seen := p.out.Settings[key]
	switch {
	case key == "sendenv" || key == "identityfile" || key == "localforward" || key == "remoteforward":
		p.out.Settings[key] = append(have, words...)
	case !seen && len(words) == 1 && strings.Contains(words[0], ","):
		p.out.Settings[key] = strings.Split(words[0], ",")
	case !seen:
		if w := strings.ToLower(words[0]); w == "yes" || w == "no" {
			words[0] = w
		}
		p.out.Settings[key] = words
	}
}
