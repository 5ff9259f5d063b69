package host

import (
	"os"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/uci"
)

// Identify fills doc.Host from the host and from the facts measured before; role overrides what the facts say.
func Identify(env *Env, doc *facts.Document, role string) {
	if env.Native() {
		doc.Host.Name, _ = os.Hostname()
	}
	if doc.Host.Name == "" {
		if b, err := env.ReadFile("/etc/hostname"); err == nil {
			doc.Host.Name = firstLine(b)
		}
	}
	if b, err := env.ReadFile("/etc/config/system"); err == nil && doc.Host.Name == "" {
		for _, s := range uci.OfType(uci.Parse(b), "system") {
			doc.Host.Name = s.Get("hostname")
		}
	}
	if b, err := env.ReadFile("/etc/machine-id"); err == nil {
		if id := firstLine(b); len(id) == 32 {
			doc.Host.MachineID = id
		}
	}
	if role != "" {
		doc.Host.Role, doc.Host.RoleFrom = role, "set"
		return
	}
	if found := findRole(doc); found != "" {
		doc.Host.Role, doc.Host.RoleFrom = found, "found"
	}
}

// findRole decides what kind of machine the facts describe; "" when they do not say. A network appliance is known by
// its system; a workstation by its desktop or its case. A laptop without a desktop is taken for a server.
func findRole(doc *facts.Document) string {
	if doc.OS == nil {
		return ""
	}
	if doc.OS.Family == "openwrt" {
		return "appliance"
	}
	if doc.Login != nil && doc.Login.GUI != nil && *doc.Login.GUI {
		return "workstation"
	}
	return "server"
}

func firstLine(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(s)
}
