package host

import (
	"context"
	"path"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/uci"
)

// uciPackages are the configuration files whose settings bear on a router's posture. Others stay on the router.
var uciPackages = []string{"system", "network", "wireless", "firewall", "dropbear", "uhttpd", "rpcd", "dhcp", "upnpd", "luci", "snmpd", "samba4", "openvpn", "ddns", "attendedsysupgrade", "sqm"}

// secretWords mark options whose values are not kept.
var secretWords = []string{"key", "password", "passwd", "secret", "psk", "pin", "token", "private", "community", "auth_", "sae_"}

// collectOpenWrt reads what only a router of that kind has. Keys, passwords and communities are replaced by "set".
func collectOpenWrt(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	if !env.Exists("/etc/openwrt_release") && (doc.OS == nil || doc.OS.Family != "openwrt") {
		return notApplicable("not an OpenWrt system")
	}
	var r reading
	o := &facts.OpenWrt{UCI: map[string]map[string]map[string][]string{}}
	doc.OpenWrt = o
	for _, name := range uciPackages {
		b, ok := r.file(env, path.Join("/etc/config", name))
		if !ok {
			continue
		}
		pkg := map[string]map[string][]string{}
		for _, s := range uci.Parse(b) {
			options := map[string][]string{".type": {s.Type}}
			for k, v := range s.Options {
				options[k] = withoutSecrets(k, v)
			}
			pkg[s.Name] = options
		}
		o.UCI[name] = pkg
	}
	if b, ok := r.file(env, "/etc/shadow"); ok {
		for _, line := range lines(b) {
			if f := strings.Split(line, ":"); f[0] == "root" && len(f) > 1 {
				o.RootPasswordSet = ptr(f[1] != "")
			}
		}
	}
	for _, f := range append([]string{"/etc/opkg.conf"}, env.Glob("/etc/opkg/*.conf")...) {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		if o.CheckSignature == nil {
			o.CheckSignature = ptr(false)
		}
		for _, line := range lines(b) {
			if w := strings.Fields(line); len(w) >= 2 && w[0] == "option" && w[1] == "check_signature" {
				*o.CheckSignature = len(w) < 3 || w[2] != "0"
			}
		}
	}
	return r.status()
}

// withoutSecrets replaces the values of options that hold secrets. Numbers and switches with such names are kept.
func withoutSecrets(option string, values []string) []string {
	low := strings.ToLower(option)
	secret := false
	for _, w := range secretWords {
		secret = secret || strings.Contains(low, w)
	}
	if !secret {
		return values
	}
	out := make([]string, len(values))
	for i, v := range values {
		switch strings.ToLower(v) {
		case "", "0", "1", "on", "off", "yes", "no", "true", "false":
			out[i] = v
		default:
			out[i] = "set"
		}
	}
	return out
}
