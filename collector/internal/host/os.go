package host

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectOS reads the release files. The first of /etc/os-release and /usr/lib/os-release counts, as os-release(5) says.
func collectOS(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	o := &facts.OS{}
	for _, f := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		kv := shellAssignments(b)
		o.ID, o.VersionID, o.Codename, o.PrettyName = kv["ID"], kv["VERSION_ID"], kv["VERSION_CODENAME"], kv["PRETTY_NAME"]
		o.IDLike = strings.Fields(kv["ID_LIKE"])
		break
	}
	if b, ok := r.file(env, "/etc/openwrt_release"); ok {
		kv := shellAssignments(b)
		o.Target = kv["DISTRIB_TARGET"]
		if o.ID == "" {
			o.ID, o.VersionID, o.PrettyName = strings.ToLower(kv["DISTRIB_ID"]), kv["DISTRIB_RELEASE"], kv["DISTRIB_DESCRIPTION"]
		}
	}
	if o.ID == "" && len(r.unread) == 0 {
		return unmeasured("no os-release file")
	}
	if o.ID == "" {
		return r.status()
	}
	o.Family = osFamily(o.ID, o.IDLike)
	if env.Native() {
		var u unix.Utsname
		if unix.Uname(&u) == nil {
			o.Arch = unix.ByteSliceToString(u.Machine[:])
		}
	}
	doc.OS = o
	return r.status()
}

// osFamily groups distributions by the tools and layouts they share.
func osFamily(id string, like []string) string {
	families := []struct {
		name string
		ids  []string
	}{
		{"debian", []string{"debian", "ubuntu", "raspbian", "linuxmint", "kali", "devuan", "proxmox", "astra"}},
		{"rhel", []string{"rhel", "centos", "fedora", "rocky", "almalinux", "ol", "amzn"}},
		{"alpine", []string{"alpine", "postmarketos"}},
		{"openwrt", []string{"openwrt", "lede", "immortalwrt"}},
		{"suse", []string{"suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"}},
		{"arch", []string{"arch", "archlinux", "manjaro"}},
	}
	for _, want := range append([]string{id}, like...) {
		for _, f := range families {
			if slices.Contains(f.ids, want) {
				return f.name
			}
		}
	}
	return "other"
}

// shellAssignments reads NAME=value lines as a shell would, without expansion: os-release(5), /etc/default/*.
// The last assignment of a name wins.
func shellAssignments(b []byte) map[string]string {
	out := map[string]string{}
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			continue
		}
		if len(out) >= 1024 {
			break
		}
		out[name] = shellUnquote(value)
	}
	return out
}

// shellUnquote returns the first word of a shell text with its quotes resolved.
func shellUnquote(s string) string {
	var out strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'':
			if c == '\'' {
				quote = 0
			} else {
				out.WriteByte(c)
			}
		case c == '\\' && i+1 < len(s) && (quote == 0 || strings.IndexByte("\"\\$`", s[i+1]) >= 0):
			i++
			out.WriteByte(s[i])
		case quote == '"' && c == '"':
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && (c == ' ' || c == '\t' || c == ';' || c == '#' && out.Len() == 0):
			return out.String()
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
