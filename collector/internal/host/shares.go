package host

import (
	"context"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectShares reads what the host offers as NFS exports (exports(5)) and Samba shares (smb.conf(5)). A file that is
// not there offers nothing.
func collectShares(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	s := &facts.Shares{NFS: []facts.NFSExport{}}
	doc.Shares = s
	for _, f := range append([]string{"/etc/exports"}, env.Glob("/etc/exports.d/*.exports")...) {
		if b, ok := r.file(env, f); ok {
			s.NFS = append(s.NFS, nfsExports(b)...)
		}
	}
	if !hasPackage(doc, "samba", "samba4-server", "ksmbd-tools") && !env.hasProgram("smbd", "ksmbd.mountd") {
		return r.status()
	}
	for _, f := range []string{"/etc/samba/smb.conf", "/etc/ksmbd/ksmbd.conf"} {
		if b, ok := r.file(env, f); ok {
			s.Samba = sambaShares(b)
			break
		}
	}
	return r.status()
}

const maxExports = 4096

// nfsExports reads exports(5): a path, then clients with options in parentheses; "-opts" sets the defaults of a line.
func nfsExports(b []byte) []facts.NFSExport {
	var out []facts.NFSExport
	joined := strings.ReplaceAll(string(b), "\\\n", " ")
	for line := range strings.Lines(joined) {
		line, _, _ = strings.Cut(line, "#")
		f := fieldsQuoted(line)
		if len(f) == 0 || len(out) >= maxExports {
			continue
		}
		if len(f) == 1 {
			f = append(f, "*") // a path alone is offered to everyone
		}
		var common []string
		for _, client := range f[1:] {
			if opts, ok := strings.CutPrefix(client, "-"); ok {
				common = strings.Split(opts, ",")
				continue
			}
			name, opts, _ := strings.Cut(client, "(")
			if name == "" {
				name = "*" // "(rw)" after a blank: everyone
			}
			e := facts.NFSExport{Path: f[0], Client: name, Options: append([]string{}, common...)}
			for o := range strings.SplitSeq(strings.TrimSuffix(opts, ")"), ",") {
				if o = strings.TrimSpace(o); o != "" {
					e.Options = append(e.Options, o)
				}
			}
			out = append(out, e)
		}
	}
	return out
}

// fieldsQuoted splits on blanks outside double quotes; quotes are taken off.
func fieldsQuoted(s string) []string {
	var out []string
	var cur strings.Builder
	quoted, any := false, false
	flush := func() {
		if any {
			out = append(out, cur.String())
		}
		cur.Reset()
		any = false
	}
	for _, c := range s {
		switch {
		case c == '"':
			quoted, any = !quoted, true
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			flush()
		default:
			cur.WriteRune(c)
			any = true
		}
	}
	flush()
	return out
}

// sambaShares reads smb.conf. Blanks inside keys count once, and keys are in lower case, as Samba compares them.
func sambaShares(b []byte) *facts.Samba {
	s := &facts.Samba{Global: map[string]string{}, Shares: map[string]map[string]string{}}
	for _, sec := range iniOrder(b) {
		values := s.Global
		if !strings.EqualFold(sec.name, "global") && sec.name != "" {
			if s.Shares[sec.name] == nil {
				s.Shares[sec.name] = map[string]string{}
			}
			values = s.Shares[sec.name]
		}
		for k, v := range sec.values {
			values[strings.Join(strings.Fields(k), " ")] = v
		}
	}
	return s
}
