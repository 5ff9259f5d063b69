package host

import (
	"net/url"
	"path"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// repository fills what follows from the address.
func repository(file, uri, suite string) facts.Repository {
	r := facts.Repository{File: file, URI: withoutPassword(uri), Suite: suite, Enabled: true}
	low := strings.ToLower(uri)
	r.TLS = strings.HasPrefix(low, "https:") || strings.HasPrefix(low, "tor+https:")
	r.Security = strings.HasSuffix(suite, "-security") || strings.HasSuffix(suite, "/updates") ||
		strings.Contains(low, "security.debian.org") || strings.Contains(low, "debian-security") || strings.Contains(low, "security.ubuntu.com")
	return r
}

// withoutPassword takes a user name and password off an address.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		if _, rest, ok := strings.Cut(s, "@"); ok {
			return rest
		}
		return s
	}
	if u.User != nil {
		u.User = nil
		return u.String()
	}
	return s
}

// aptSources reads sources.list and sources.list.d in both of apt's formats, and what apt.conf says of checking them.
func aptSources(env *Env, r *reading) []facts.Repository {
	out := []facts.Repository{}
	files := append([]string{"/etc/apt/sources.list"}, env.Glob("/etc/apt/sources.list.d/*")...)
	for _, f := range files {
		ext := path.Ext(f)
		if ext != ".list" && ext != ".sources" {
			continue
		}
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		if ext == ".list" {
			out = append(out, aptOneLine(f, b)...)
		} else {
			out = append(out, aptDeb822(f, b)...)
		}
	}
	// What apt.conf allows for all: packages without a valid signature, lists without one.
	config := env.aptConfig(r)
	for _, key := range []string{"APT::Get::AllowUnauthenticated", "Acquire::AllowInsecureRepositories"} {
		if on, _ := config.on(key); on {
			for i := range out {
				out[i].Trusted = true
			}
		}
	}
	return out
}

// aptOneLine reads lines of "deb [options] uri suite components".
func aptOneLine(file string, b []byte) []facts.Repository {
	var out []facts.Repository
	for _, line := range lines(b) {
		line, _, _ = strings.Cut(line, "#")
		kind, rest, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(line, "\t", " ")), " ")
		if kind != "deb" {
			continue
		}
		options := ""
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			var ok bool
			if options, rest, ok = strings.Cut(rest[1:], "]"); !ok {
				continue
			}
		}
		f := strings.Fields(rest)
		if len(f) < 2 {
			continue
		}
		repo := repository(file, f[0], f[1])
		for _, o := range strings.Fields(options) {
			key, value, _ := strings.Cut(o, "=")
			switch strings.ToLower(key) {
			case "trusted":
				repo.Trusted = isYes(value)
			case "allow-insecure":
				repo.Trusted = repo.Trusted || isYes(value)
			case "signed-by":
				repo.SignedBy = value
			}
		}
		out = append(out, repo)
	}
	return out
}

// aptDeb822 reads blocks of fields, each of which stands for the product of its addresses and suites.
func aptDeb822(file string, b []byte) []facts.Repository {
	var out []facts.Repository
	stanzas(b, func(m map[string]string) bool {
		get := func(name string) string {
			for k, v := range m {
				if strings.EqualFold(k, name) {
					return v
				}
			}
			return ""
		}
		if !strings.Contains(" "+get("Types")+" ", " deb ") {
			return true
		}
		enabled := get("Enabled")
		for _, uri := range strings.Fields(get("URIs")) {
			for _, suite := range strings.Fields(get("Suites")) {
				repo := repository(file, uri, suite)
				repo.Enabled = enabled == "" || isYes(enabled)
				repo.Trusted = isYes(get("Trusted")) || isYes(get("Allow-Insecure"))
				if s := get("Signed-By"); strings.Contains(s, "\n") || strings.Contains(s, "BEGIN PGP") {
					repo.SignedBy = "inline key"
				} else {
					repo.SignedBy = s
				}
				out = append(out, repo)
			}
		}
		return len(out) < 4096
	})
	return out
}

// isYes reads apt's booleans.
func isYes(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "with", "on", "enable", "1":
		return true
	}
	return false
}

// apkSources reads /etc/apk/repositories and repositories.d.
func apkSources(env *Env, r *reading) []facts.Repository {
	out := []facts.Repository{}
	for _, f := range append([]string{"/etc/apk/repositories"}, env.Glob("/etc/apk/repositories.d/*")...) {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, line := range lines(b) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			tag := ""
			if strings.HasPrefix(line, "@") {
				tag, line, _ = strings.Cut(line, " ")
			}
			repo := repository(f, strings.TrimSpace(line), tag)
			repo.Security = !strings.Contains(line, "/edge/") && strings.HasSuffix(strings.TrimRight(line, "/"), "/main")
			out = append(out, repo)
		}
	}
	return out
}

// opkgSources reads the feeds of opkg.conf and /etc/opkg/*.conf. A feed is checked when check_signature is set.
func opkgSources(env *Env, r *reading) []facts.Repository {
	out := []facts.Repository{}
	check := false
	for _, f := range append([]string{"/etc/opkg.conf"}, env.Glob("/etc/opkg/*.conf")...) {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, line := range lines(b) {
			w := strings.Fields(line)
			switch {
			case len(w) >= 2 && w[0] == "option" && w[1] == "check_signature":
				check = len(w) < 3 || w[2] != "0"
			case len(w) >= 3 && (w[0] == "src/gz" || w[0] == "src"):
				out = append(out, repository(f, w[2], w[1]))
			}
		}
	}
	for i := range out {
		out[i].Trusted = !check
	}
	return out
}

// yumSources reads the repository files of yum and dnf. gpgcheck of the main section is the default of each.
func yumSources(env *Env, r *reading) []facts.Repository {
	out := []facts.Repository{}
	mainCheck := "0"
	for _, f := range []string{"/etc/yum.conf", "/etc/dnf/dnf.conf"} {
		if b, ok := r.file(env, f); ok {
			if v, ok := iniSections(b)["main"]["gpgcheck"]; ok {
				mainCheck = v
			}
		}
	}
	for _, f := range append(env.Glob("/etc/yum.repos.d/*.repo"), env.Glob("/etc/distro.repos.d/*.repo")...) {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, s := range iniOrder(b) {
			kv := s.values
			uri := kv["baseurl"]
			for _, other := range []string{kv["metalink"], kv["mirrorlist"]} {
				if uri == "" {
					uri = other
				}
			}
			uri, _, _ = strings.Cut(uri, "\n")
			repo := repository(f, uri, s.name)
			repo.Enabled = kv["enabled"] == "" || isYes(kv["enabled"])
			check := mainCheck
			if v, ok := kv["gpgcheck"]; ok {
				check = v
			}
			repo.Trusted = !isYes(check)
			repo.SignedBy = kv["gpgkey"]
			repo.Security = strings.Contains(s.name, "baseos") || strings.Contains(s.name, "updates") || strings.Contains(s.name, "security")
			out = append(out, repo)
		}
	}
	return out
}
