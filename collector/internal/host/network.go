package host

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/uci"
)

// collectNetwork reads interfaces, default routes, resolvers and proxies.
func collectNetwork(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	n := &facts.Network{}
	doc.Network = n
	if env.Native() {
		n.Interfaces, n.WireGuard = env.interfaces(&r)
		n.Tunnels = env.tunnels(n, &r)
	}
	if env.Live {
		n.DefaultRoutes = env.defaultRoutes()
	}
	n.Exposure = hostExposure(doc)
	n.Resolvers, n.ResolvedSettings = resolvers(env, &r)
	n.Proxies = proxies(env, &r)
	n.HostsFile = foreignHosts(env, &r)
	n.WiFi = wifi(env, &r)
	return r.status()
}

func (e *Env) interfaces(r *reading) (out []facts.Interface, wireguard []string) {
	ifs, err := net.Interfaces()
	if err != nil {
		r.note("network interfaces", err.Error())
		return nil, nil
	}
	out, wireguard = []facts.Interface{}, []string{}
	for _, i := range ifs {
		f := facts.Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0, Loopback: i.Flags&net.FlagLoopback != 0}
		if flags, err := strconv.ParseUint(e.procLine("/sys/class/net/"+i.Name+"/flags"), 0, 32); err == nil {
			f.Promiscuous = flags&unix.IFF_PROMISC != 0
		}
		if names, err := e.ProcNames("/sys/class/net/" + i.Name); err == nil {
			for _, n := range names {
				if upper, ok := strings.CutPrefix(n, "upper_"); ok {
					f.Upper = append(f.Upper, upper)
				}
			}
		}
		f.Wireless = e.ProcExists("/sys/class/net/"+i.Name+"/wireless") || e.ProcExists("/sys/class/net/"+i.Name+"/phy80211")
		if addrs, err := i.Addrs(); err == nil {
			f.Addresses = []string{}
			for _, a := range addrs {
				f.Addresses = append(f.Addresses, a.String())
			}
		}
		if b, err := e.ReadProc("/sys/class/net/" + i.Name + "/uevent"); err == nil && strings.Contains(string(b), "DEVTYPE=wireguard") {
			wireguard = append(wireguard, i.Name)
		}
		out = append(out, f)
	}
	return out, wireguard
}

// defaultRoutes reads /proc/net/route and ipv6_route.
func (e *Env) defaultRoutes() []facts.Route {
	out := []facts.Route{}
	if b, err := e.ReadProcLimit("/proc/net/route", 16<<20); err == nil {
		out = append(out, parseRoutes4(b)...)
	}
	if b, err := e.ReadProcLimit("/proc/net/ipv6_route", 64<<20); err == nil {
		out = append(out, parseRoutes6(b)...)
	}
	return out
}

func parseRoutes4(b []byte) []facts.Route {
	var out []facts.Route
	for n, line := range lines(b) {
		f := strings.Fields(line)
		if n == 1 || len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		flags, _ := strconv.ParseUint(f[3], 16, 32)
		if flags&unix.RTF_UP == 0 || flags&unix.RTF_REJECT != 0 {
			continue
		}
		r := facts.Route{Family: "ipv4", Interface: f[0]}
		if gw, err := hex.DecodeString(f[2]); err == nil && len(gw) == 4 && f[2] != "00000000" {
			word := binary.BigEndian.Uint32(gw)
			binary.NativeEndian.PutUint32(gw, word)
			addr, _ := netip.AddrFromSlice(gw)
			r.Gateway = addr.String()
		}
		metric, _ := strconv.ParseUint(f[6], 10, 32)
		r.Metric = uint32(metric)
		out = append(out, r)
	}
	return out
}

func parseRoutes6(b []byte) []facts.Route {
	const zero = "00000000000000000000000000000000"
	var out []facts.Route
	for _, line := range lines(b) {
		f := strings.Fields(line)
		if len(f) < 10 || f[0] != zero || f[1] != "00" || f[9] == "lo" {
			continue
		}
		flags, _ := strconv.ParseUint(f[8], 16, 32)
		if flags&unix.RTF_UP == 0 || flags&unix.RTF_REJECT != 0 {
			continue
		}
		r := facts.Route{Family: "ipv6", Interface: f[9]}
		if gw, err := hex.DecodeString(f[4]); err == nil && f[4] != zero {
			if addr, ok := netip.AddrFromSlice(gw); ok {
				r.Gateway = addr.String()
			}
		}
		metric, _ := strconv.ParseUint(f[5], 16, 32)
		r.Metric = uint32(metric)
		out = append(out, r)
	}
	return out
}

// resolvers returns the name servers in force and systemd-resolved's settings. Where resolv.conf names resolved's stub,
// the servers are those resolved wrote for itself, or its configuration's.
func resolvers(env *Env, r *reading) ([]string, map[string]string) {
	var settings map[string]string
	if env.Exists("/etc/systemd/resolved.conf") || env.Exists("/usr/lib/systemd/resolved.conf") || env.Exists("/etc/systemd/resolved.conf.d") {
		settings = env.systemdConf("resolved", "Resolve", r)
	}
	b, ok := r.file(env, "/etc/resolv.conf")
	if !ok {
		if settings != nil && settings["DNS"] != "" {
			return strings.Fields(settings["DNS"]), settings
		}
		return nil, settings
	}
	servers := nameservers(b)
	if slices.Contains(servers, "127.0.0.53") {
		if up, ok := r.file(env, "/run/systemd/resolve/resolv.conf"); ok {
			servers = nameservers(up)
		} else if settings["DNS"] != "" {
			servers = strings.Fields(settings["DNS"])
		}
	}
	return servers, settings
}

func nameservers(b []byte) []string {
	out := []string{}
	for _, line := range lines(b) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" && len(out) < 32 {
			out = append(out, f[1])
		}
	}
	return out
}

var proxyLine = regexp.MustCompile(`(?i)^\s*(?:export\s+)?((?:http|https|ftp|all|no)_proxy)=(.*)$`)

// proxies reads the system's files that set proxies for all. Credentials are taken off.
func proxies(env *Env, r *reading) map[string]string {
	out := map[string]string{}
	files := append([]string{"/etc/environment", "/etc/profile"}, env.Glob("/etc/profile.d/*.sh")...)
	for _, f := range files {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, line := range lines(b) {
			if m := proxyLine.FindStringSubmatch(line); m != nil {
				out[strings.ToLower(m[1])] = withoutPassword(shellUnquote(m[2]))
			}
		}
	}
	for _, f := range append([]string{"/etc/apt/apt.conf"}, env.Glob("/etc/apt/apt.conf.d/*")...) {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, e := range parseAptConf(string(b)) {
			if key := strings.ToLower(e.key); key == "acquire::http::proxy" || key == "acquire::https::proxy" {
				out["apt_"+strings.Split(key, "::")[1]+"_proxy"] = withoutPassword(e.value)
			}
		}
	}
	return out
}

// foreignHosts lists names in /etc/hosts that lead off the host.
func foreignHosts(env *Env, r *reading) []string {
	b, ok := r.file(env, "/etc/hosts")
	if !ok {
		return nil
	}
	out := []string{}
	for _, line := range lines(b) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 || len(out) >= 256 {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		if err != nil || a.IsLoopback() || a.IsMulticast() || a.IsUnspecified() || strings.HasPrefix(f[1], "ip6-") {
			continue
		}
		out = append(out, f[1:]...)
	}
	return out
}

// wifi describes wireless networks by OpenWrt's configuration, or by hostapd's and wpa_supplicant's files.
func wifi(env *Env, r *reading) []facts.WiFi {
	var out []facts.WiFi
	if b, ok := r.file(env, "/etc/config/wireless"); ok {
		out = []facts.WiFi{}
		sections := uci.Parse(b)
		off := map[string]bool{}
		for _, d := range uci.OfType(sections, "wifi-device") {
			off[d.Name] = d.Bool("disabled", false)
		}
		for _, s := range uci.OfType(sections, "wifi-iface") {
			w := facts.WiFi{Interface: s.Get("ifname"), Mode: lowerOr(s.Get("mode"), "ap"), Encryption: uciEncryption(s.Get("encryption"))}
			w.Disabled = s.Bool("disabled", false) || off[s.Get("device")]
			w.WPS = ptr(s.Bool("wps_pushbutton", false) || s.Get("wps_config") != "" || s.Get("wps_pin") != "")
			out = append(out, w)
		}
	}
	for _, f := range env.Glob("/etc/hostapd/*.conf") {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		kv := shellAssignments(b)
		out = append(out, facts.WiFi{Interface: kv["interface"], Mode: "ap", Encryption: hostapdEncryption(kv), WPS: ptr(kv["wps_state"] != "" && kv["wps_state"] != "0")})
	}
	return out
}

func uciEncryption(s string) string {
	switch s = strings.ToLower(s); {
	case s == "" || s == "none" || s == "owe":
		return "none"
	case strings.HasPrefix(s, "wep"):
		return "wep"
	case strings.HasPrefix(s, "sae-mixed"), strings.HasPrefix(s, "wpa3-mixed"):
		return "mixed"
	case strings.HasPrefix(s, "sae"), strings.HasPrefix(s, "wpa3"):
		return "wpa3"
	case strings.HasPrefix(s, "psk2"), strings.HasPrefix(s, "wpa2"):
		return "wpa2"
	case strings.HasPrefix(s, "psk-mixed"), strings.HasPrefix(s, "wpa-mixed"), strings.HasPrefix(s, "mixed"):
		return "mixed"
	}
	return "wpa"
}

func hostapdEncryption(kv map[string]string) string {
	switch {
	case kv["wep_key0"] != "":
		return "wep"
	case strings.Contains(kv["wpa_key_mgmt"], "SAE") && strings.Contains(kv["wpa_key_mgmt"], "PSK"):
		return "mixed"
	case strings.Contains(kv["wpa_key_mgmt"], "SAE"):
		return "wpa3"
	case kv["wpa"] == "2":
		return "wpa2"
	case kv["wpa"] == "3":
		return "mixed"
	case kv["wpa"] == "1":
		return "wpa"
	}
	return "none"
}
