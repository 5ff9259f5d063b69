package host

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxPAMServices = 128
	maxPAMRules    = 256 // of one service
	maxPAMDepth    = 16  // of includes
	maxPAMSteps    = 4096
)

// collectPAM reads every service of pam.d(5) with its includes resolved, and the files of the modules that decide
// password quality and lockout. What a module does beyond its arguments and its file is not known: a stack that leaves to
// a directory service (pam_sss, pam_krb5) may enforce more than is seen here. The settings of a module are those of its
// files with the arguments of the common stacks over them; a service of its own may differ, and its rules say so.
func collectPAM(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	s := &pamStacks{env: env, read: &r, files: map[string][]pamLine{}}
	services := s.services()
	if len(services) == 0 {
		if len(r.unread) > 0 {
			return unmeasured(r.unread[0].What + ": " + r.unread[0].Reason)
		}
		return notApplicable("no /etc/pam.d: this system does not use PAM")
	}
	p := &facts.PAM{Services: map[string][]facts.PAMRule{}}
	for _, name := range services {
		p.Services[name] = s.stack(name)
	}
	p.PwQuality = moduleSettings(env, p, &r, "pam_pwquality.so", "password",
		append(confDirs(env, []string{"/etc/security/pwquality.conf.d"}, ".conf", &r), "/etc/security/pwquality.conf"))
	p.Faillock = moduleSettings(env, p, &r, "pam_faillock.so", "auth", []string{"/etc/security/faillock.conf"})
	p.PwHistory = moduleSettings(env, p, &r, "pam_pwhistory.so", "password", []string{"/etc/security/pwhistory.conf"})
	p.Limits = readLimits(env, &r)
	doc.PAM = p
	return r.status()
}

// pamDirs are looked through in this order; the first file of a name counts.
var pamDirs = []string{"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"}

// pamStacks reads files once and puts stacks together.
type pamStacks struct {
	env   *Env
	read  *reading
	files map[string][]pamLine // by service name
	steps int                  // files gone through for the service at hand
}

// pamLine is one line of a file: a rule, or an include of another service.
type pamLine struct {
	facts.PAMRule
	include string // name of the service; "": a rule
	sub     bool   // substack: its own end
}

func (s *pamStacks) services() []string {
	var out []string
	for _, dir := range pamDirs {
		entries, err := s.env.ReadDir(dir)
		s.read.miss(dir, err)
		for _, d := range entries {
			n := d.Name()
			if !d.IsDir() && !strings.HasPrefix(n, ".") && !strings.HasSuffix(n, "~") && !strings.Contains(n, ".dpkg-") &&
				!strings.HasSuffix(n, ".rpmsave") && !strings.HasSuffix(n, ".rpmnew") && !slices.Contains(out, n) && len(out) < maxPAMServices {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out
}

// stack returns the rules of a service in the order PAM goes through them, type by type as they stand.
func (s *pamStacks) stack(service string) []facts.PAMRule {
	out := []facts.PAMRule{}
	s.steps = 0
	s.collect(service, "", 0, 0, &out)
	return out
}

// collect appends the rules of one file; kind "" takes all types, another one only its own.
func (s *pamStacks) collect(service, kind string, depth, sub int, out *[]facts.PAMRule) {
	if s.steps++; s.steps > maxPAMSteps {
		return
	}
	if depth > maxPAMDepth {
		s.read.note("pam.d/"+service, "includes go too deep")
		return
	}
	for _, l := range s.file(service) {
		switch {
		case len(*out) >= maxPAMRules:
			return
		case l.include != "" && (kind == "" || l.Type == "" || l.Type == kind):
			inner := kind
			if l.Type != "" {
				inner = l.Type
			}
			deeper := sub
			if l.sub {
				deeper++
			}
			s.collect(l.include, inner, depth+1, deeper, out)
		case l.include == "" && (kind == "" || l.Type == kind):
			rule := l.PAMRule
			rule.SubstackDepth = sub
			*out = append(*out, rule)
		}
	}
}

func (s *pamStacks) file(service string) []pamLine {
	if l, ok := s.files[service]; ok {
		return l
	}
	s.files[service] = nil
	candidates := []string{service}
	if !strings.HasPrefix(service, "/") {
		candidates = nil
		for _, dir := range pamDirs {
			candidates = append(candidates, path.Join(dir, service))
		}
	}
	for _, p := range candidates {
		b, err := s.env.ReadFile(p)
		if err != nil {
			s.read.miss(p, err)
			continue
		}
		s.files[service] = parsePAM(b, p)
		break
	}
	return s.files[service]
}

// parsePAM reads one file of pam.d(5).
func parsePAM(b []byte, file string) []pamLine {
	var out []pamLine
	pending := ""
	for _, line := range lines(b) {
		if i := strings.IndexByte(line, '#'); i >= 0 {
			line = line[:i]
		}
		if strings.HasSuffix(line, `\`) && len(pending) < 1<<16 {
			pending += strings.TrimSuffix(line, `\`) + " "
			continue
		}
		f := pamFields(pending + line)
		pending = ""
		if len(out) >= maxPAMRules {
			break
		}
		if len(f) >= 2 && f[0] == "@include" {
			out = append(out, pamLine{include: f[1]})
			continue
		}
		if len(f) < 3 {
			continue
		}
		kind := strings.ToLower(strings.TrimPrefix(f[0], "-"))
		if !slices.Contains([]string{"auth", "account", "password", "session"}, kind) {
			continue
		}
		l := pamLine{PAMRule: facts.PAMRule{Type: kind, Control: f[1], File: file}}
		if c := strings.ToLower(f[1]); c == "include" || c == "substack" {
			l.include, l.sub = f[2], c == "substack"
		} else {
			l.Module, l.Args = path.Base(f[2]), f[3:]
			if len(l.Args) == 0 {
				l.Args = nil
			}
			if !strings.HasPrefix(l.Control, "[") {
				l.Control = c
			}
		}
		out = append(out, l)
	}
	return out
}

// pamFields splits a line at white space; what stands in brackets is one field. The control keeps its brackets, white
// space in it folded; an argument loses them.
func pamFields(line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] != '[' {
			i := strings.IndexAny(line, " \t")
			if i < 0 {
				i = len(line)
			}
			out, line = append(out, line[:i]), line[i:]
			continue
		}
		end := 1
		for end < len(line) && line[end] != ']' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(line))
		inner := line[1:end]
		if len(out) == 1 {
			out = append(out, "["+strings.Join(strings.Fields(inner), " ")+"]")
		} else {
			out = append(out, strings.ReplaceAll(inner, `\]`, "]"))
		}
		line = line[min(end+1, len(line)):]
	}
	return out
}

// moduleSettings reads "name = value" files in order, the last one winning, and applies the arguments that the stacks
// give to the module, which win over the files. It is nil where the module stands in no stack and has no file: then
// nothing of it holds. The stacks are looked through by name; the common ones come first and others override them.
func moduleSettings(env *Env, p *facts.PAM, r *reading, module, kind string, files []string) map[string]string {
	var out map[string]string
	set := func(name, value string) {
		if out == nil {
			out = map[string]string{}
		}
		if len(out) < 128 && name != "" {
			out[name] = value
		}
	}
	for _, f := range files {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, line := range lines(b) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				name, value, _ := strings.Cut(line, "=")
				set(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
	}
	for _, service := range []string{"other", "login", "sshd", "passwd", "system-auth", "password-auth", "common-auth", "common-password"} {
		for _, rule := range p.Services[service] {
			if rule.Module != module || rule.Type != kind {
				continue
			}
			for _, a := range rule.Args {
				name, value, _ := strings.Cut(a, "=")
				set(name, value)
			}
		}
	}
	return out
}

// readLimits reads limits.conf and then limits.d in the order of pam_limits.
func readLimits(env *Env, r *reading) []facts.Limit {
	out := []facts.Limit{}
	files := append([]string{"/etc/security/limits.conf"}, confDirs(env, []string{"/etc/security/limits.d"}, ".conf", r)...)
	for _, f := range files {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		out = append(out, parseLimits(b, f)...)
	}
	return out[:min(len(out), 1024)]
}

func parseLimits(b []byte, file string) []facts.Limit {
	var out []facts.Limit
	for _, line := range lines(b) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 4 && len(out) < 1024 {
			out = append(out, facts.Limit{Domain: f[0], Type: f[1], Item: f[2], Value: f[3], File: file})
		}
	}
	return out
}
