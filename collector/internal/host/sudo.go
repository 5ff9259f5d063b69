package host

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectSudo reads the policy of sudo, and that of doas where it is. Rules that come from a directory service by the
// "sudoers:" line of nsswitch.conf are not seen, and are reported as unread. Which rule wins for a user is not decided:
// sudo takes the last one that matches, so a later rule with PASSWD can take back what an earlier one gave.
func collectSudo(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	out := &facts.Sudo{}
	for _, p := range []string{"/usr/bin/sudo", "/bin/sudo", "/usr/local/bin/sudo"} {
		out.Installed = out.Installed || env.Exists(p)
	}
	out.Doas = readDoas(env, &r)
	if !out.Installed && !env.Exists("/etc/sudoers") {
		doc.Sudo = out
		return r.status()
	}
	s := newSudoers(env, sudoHostname(env), &r)
	s.file("/etc/sudoers", 0)
	if len(r.unread) > 0 && len(s.rules) == 0 && len(s.defaults) == 0 {
		return unmeasured(r.unread[0].What + ": " + r.unread[0].Reason)
	}
	out.Defaults, out.Errors = s.defaults, s.errs
	out.Rules = []facts.SudoRule{}
	for _, rule := range s.rules {
		rule.Users = s.resolve("user", rule.Users)
		rule.Hosts = s.resolve("host", rule.Hosts)
		if rule.RunAs != nil {
			rule.RunAs = s.resolve("runas", rule.RunAs)
		}
		rule.Commands = s.resolve("cmnd", rule.Commands)
		if !rule.NoPasswd && !slices.Contains(rule.Tags, "PASSWD") {
			rule.NoPasswd = s.unauthenticated(rule)
		}
		out.Rules = append(out.Rules, rule)
	}
	if b, err := env.ReadFile("/etc/nsswitch.conf"); err == nil {
		for _, line := range lines(b) {
			if db, src, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && db == "sudoers" && (strings.Contains(src, "ldap") || strings.Contains(src, "sss")) {
				r.note("sudoers from a directory service", "only local files are read")
			}
		}
	}
	doc.Sudo = out
	return r.status()
}

// unauthenticated says whether "Defaults !authenticate" holds for everybody a rule names: for all, or for users in it.
// The last setting that matches wins.
func (s *sudoers) unauthenticated(rule facts.SudoRule) bool {
	off := false
	for _, d := range s.defaults {
		if d.Name != "authenticate" {
			continue
		}
		switch {
		case d.Scope == "":
			off = d.Negated
		case strings.HasPrefix(d.Scope, ":"):
			for _, u := range s.resolve("user", splitSudo(d.Scope[1:], ',')) {
				if u == "ALL" || slices.Contains(rule.Users, u) {
					off = d.Negated
				}
			}
		}
	}
	return off
}

// readDoas reads the rules of doas.conf(5), comments and empty lines left out; nil where there is no doas.
func readDoas(env *Env, r *reading) []string {
	var out []string
	files := append(env.Glob("/etc/doas.d/*.conf"), "/etc/doas.conf")
	for _, f := range files {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		if out == nil {
			out = []string{}
		}
		for _, line := range lines(b) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.Join(strings.Fields(line), " "); line != "" && len(out) < 256 {
				out = append(out, line)
			}
		}
	}
	return out
}

// sudoHostname is the host name that %h stands for, without its domain.
func sudoHostname(env *Env) string {
	name := ""
	if env.Native() {
		name, _ = os.Hostname()
	} else if b, err := env.ReadFile("/etc/hostname"); err == nil {
		name = firstLine(b)
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}
