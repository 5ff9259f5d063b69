package host

import (
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// hasPackage reports whether one of the packages is installed, as far as the packages family knows.
func hasPackage(doc *facts.Document, names ...string) bool {
	if doc.Packages == nil {
		return false
	}
	return slices.ContainsFunc(doc.Packages.Installed, func(p facts.Package) bool { return slices.Contains(names, p.Name) })
}

// hasProgram reports whether a program of that name stands in one of the system's program directories.
func (e *Env) hasProgram(names ...string) bool {
	for _, n := range names {
		for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"} {
			if e.Exists(path.Join(dir, n)) {
				return true
			}
		}
	}
	return false
}

// exposed tells whether one of these programs listens beyond loopback; nil when the sockets were not measured.
func exposed(doc *facts.Document, programs ...string) *bool {
	if doc.Sockets == nil || doc.Sockets.Listeners == nil {
		return nil
	}
	for _, l := range listensOf(doc, programs...) {
		if l.Exposure != "loopback" {
			return ptr(true)
		}
	}
	return ptr(false)
}

// loopbackName reports whether a configured listen address stays on the host.
func loopbackName(addr string) bool {
	addr = strings.ToLower(strings.Trim(addr, "[]\"' "))
	return addr == "localhost" || addr == "::1" || addr == "loopback-only" || strings.HasPrefix(addr, "127.") || strings.HasPrefix(addr, "/") ||
		strings.HasPrefix(addr, "unix:") || addr == "ip6-localhost"
}
