package host

import (
	"context"
	"encoding/binary"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/uci"
)

// collectDropbear describes dropbear, in sshd's words where the two mean the same. ok is false when it is not there.
//
// Dropbear reads no configuration: its arguments decide everything. Persisted are those that the init system will give
// it (UCI on OpenWrt, /etc/default/dropbear on Debian), live those of the listening processes. Several instances are
// described by the weakest setting of any.
func collectDropbear(ctx context.Context, env *Env, doc *facts.Document) (facts.Status, bool) {
	if !env.Exists("/usr/sbin/dropbear") && !env.Exists("/usr/bin/dropbear") && !env.Exists("/etc/config/dropbear") {
		return facts.Status{}, false
	}
	var r reading
	d := &facts.SSHD{Installed: true, Implementation: "dropbear"}
	doc.SSHD = d
	if doc.Packages != nil {
		for _, p := range doc.Packages.Installed {
			if p.Name == "dropbear" || p.Name == "dropbear-bin" {
				d.Version = cleanVersion(p.Version)
			}
		}
	}
	if s := env.unitSet(); s.Present() {
		d.Enabled = ptr(s.StartsAtBoot("dropbear.service") || s.StartsAtBoot("dropbear.socket"))
	} else {
		d.Enabled = env.scriptEnabled("dropbear")
	}
	if argvs, source, ok := dropbearConfigured(env, &r); ok {
		d.Persisted = dropbearSettings(argvs, source)
	}
	d.HostKeys = dropbearKeys(env)
	if env.Live {
		liveDropbear(ctx, env, d)
		sshdDrift(doc)
	}
	return r.status(), true
}

func liveDropbear(ctx context.Context, env *Env, d *facts.SSHD) {
	scan := env.processTable()
	socks, err := env.listeningSockets()
	if scan.err != nil || err != nil {
		d.LiveReason = "processes or sockets could not be listed"
		return
	}
	listeners := sshListeners(scan, socks, "dropbear")
	d.Running = ptr(len(listeners) > 0)
	if len(listeners) == 0 {
		d.LiveReason = "no server listens"
		return
	}
	var argvs [][]string
	for _, l := range listeners {
		argv := env.arguments(l.proc.pid)
		if len(argv) == 0 {
			d.LiveReason = "the server's command line is not readable"
			return
		}
		argvs = append(argvs, argv[1:])
	}
	if env.Native() {
		d.Offered = askServer(ctx, listeners[0].addrs)
	}
	d.Live = dropbearSettings(argvs, "command line")
	d.LiveReason = "by the arguments of the listening process; dropbear reads no configuration"
}

// dropbearConfigured returns the arguments of each instance that the init system will start.
func dropbearConfigured(env *Env, r *reading) (argvs [][]string, source string, ok bool) {
	if b, ok := r.file(env, "/etc/config/dropbear"); ok {
		for _, s := range uci.OfType(uci.Parse(b), "dropbear") {
			if s.Bool("enable", true) {
				argvs = append(argvs, dropbearUCI(s))
			}
		}
		return argvs, "/etc/config/dropbear", len(argvs) > 0
	}
	if b, ok := r.file(env, "/etc/default/dropbear"); ok {
		kv := shellAssignments(b)
		args := strings.Fields(kv["DROPBEAR_EXTRA_ARGS"])
		if p := kv["DROPBEAR_PORT"]; p != "" {
			args = append(args, "-p", p)
		}
		return [][]string{args}, "/etc/default/dropbear", true
	}
	return [][]string{nil}, "default", true
}

// dropbearUCI turns one UCI section into the arguments OpenWrt's init script makes of it.
func dropbearUCI(s uci.Section) []string {
	var args []string
	if !s.Bool("PasswordAuth", true) {
		args = append(args, "-s")
	}
	if !s.Bool("RootPasswordAuth", true) {
		args = append(args, "-g")
	}
	if !s.Bool("RootLogin", true) {
		args = append(args, "-w")
	}
	if s.Bool("GatewayPorts", false) {
		args = append(args, "-a")
	}
	for _, o := range []struct{ option, arg string }{
		{"Port", "-p"}, {"MaxAuthTries", "-T"}, {"SSHKeepAlive", "-K"}, {"IdleTimeout", "-I"}, {"BannerFile", "-b"},
	} {
		if v := s.Get(o.option); v != "" {
			args = append(args, o.arg, v)
		}
	}
	return args
}

// dropbearSettings reads the arguments of all instances. Dropbear's own defaults: passwords allowed, ten tries, five
// minutes to log in.
func dropbearSettings(argvs [][]string, source string) *facts.SSHDConfig {
	cfg := &facts.SSHDConfig{Settings: map[string][]string{}, Sources: map[string]string{}}
	if strings.HasPrefix(source, "/") {
		cfg.Files = []string{source}
	}
	for i, argv := range argvs {
		one := dropbearInstance(argv)
		for name, v := range one {
			have := cfg.Settings[name]
			switch {
			case i == 0:
				cfg.Settings[name] = v
			case name == "port":
				cfg.Settings[name] = append(have, v...)
			case weaker(name, v[0], have[0]):
				cfg.Settings[name] = v
			}
			cfg.Sources[name] = source
		}
	}
	return cfg
}

func dropbearInstance(argv []string) map[string][]string {
	s := map[string][]string{
		"permitrootlogin": {"yes"}, "passwordauthentication": {"yes"}, "pubkeyauthentication": {"yes"}, "permitemptypasswords": {"no"},
		"kbdinteractiveauthentication": {"no"}, "usepam": {"no"}, "hostbasedauthentication": {"no"}, "allowtcpforwarding": {"yes"},
		"gatewayports": {"no"}, "maxauthtries": {"10"}, "logingracetime": {"300"}, "clientaliveinterval": {"0"}, "banner": {"none"},
	}
	local, remote := true, true
	var ports []string
	for i := 0; i < len(argv); i++ {
		a := argv[i]
		if len(a) < 2 || a[0] != '-' {
			continue
		}
		value := a[2:]
		if strings.ContainsRune("bcdDGIKlPprTWuU", rune(a[1])) && value == "" && i+1 < len(argv) {
			i++
			value = argv[i]
		}
		switch a[1] {
		case 's':
			s["passwordauthentication"] = []string{"no"}
		case 'g':
			if s["permitrootlogin"][0] == "yes" {
				s["permitrootlogin"] = []string{"prohibit-password"}
			}
		case 'w':
			s["permitrootlogin"] = []string{"no"}
		case 'B':
			s["permitemptypasswords"] = []string{"yes"}
		case 'a':
			s["gatewayports"] = []string{"yes"}
		case 'j':
			local = false
		case 'k':
			remote = false
		case 'T':
			s["maxauthtries"] = []string{value}
		case 'K':
			s["clientaliveinterval"] = []string{value}
		case 'b':
			s["banner"] = []string{value}
		case 'c':
			s["forcecommand"] = []string{value}
		case 'p':
			_, port := splitLast(value, ':')
			ports = append(ports, port)
		}
	}
	switch {
	case !local && !remote:
		s["allowtcpforwarding"] = []string{"no"}
	case !local:
		s["allowtcpforwarding"] = []string{"remote"}
	case !remote:
		s["allowtcpforwarding"] = []string{"local"}
	}
	if s["port"] = ports; len(ports) == 0 {
		s["port"] = []string{"22"}
	}
	return s
}

// weaker says whether value a of a setting lets more in than b.
func weaker(name, a, b string) bool {
	order := []string{"no", "forced-commands-only", "prohibit-password", "local", "remote", "yes"}
	if name == "maxauthtries" {
		return len(a) > len(b) || len(a) == len(b) && a > b
	}
	return slices.Index(order, a) > slices.Index(order, b)
}

// dropbearKeys describes the key files, which hold the private half alone: only their first bytes, the type and the
// public numbers, are read.
func dropbearKeys(env *Env) []facts.HostKey {
	out := []facts.HostKey{}
	for _, f := range env.Glob("/etc/dropbear/dropbear_*_host_key") {
		k := facts.HostKey{File: env.Stat(f)}
		if b, err := env.ReadHead(f, 640); err == nil {
			if name, rest, ok := wireString(b); ok {
				k.Type, k.Bits = keyShape(string(name), rest)
			}
			if k.Type == "rsa" && k.Bits == 0 && len(b) > 32 {
				k.Bits = rsaBitsOfHead(b)
			}
		}
		if k.Type == "" {
			k.Type, _, _ = strings.Cut(strings.TrimPrefix(path.Base(f), "dropbear_"), "_")
		}
		out = append(out, k)
	}
	return out
}

// rsaBitsOfHead reads the length of the modulus when the modulus itself does not fit in what was read.
func rsaBitsOfHead(b []byte) int {
	_, rest, ok := wireString(b)
	if !ok {
		return 0
	}
	_, rest, ok = wireString(rest)
	if !ok || len(rest) < 4 {
		return 0
	}
	return int(binary.BigEndian.Uint32(rest)-1) * 8
}
