package host

import (
	"bytes"
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/sshdconf"
)

var (
	sshdPrograms = []string{"/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"}
	sshdUnits    = []string{"ssh.service", "sshd.service"}
	sshdSockets  = []string{"ssh.socket", "sshd.socket"}
)

// collectSSHD describes the SSH server: OpenSSH where it is installed, else dropbear.
//
// The persisted half is what sshd would compute when the host starts it: its files, after the command line of its unit.
// The live half cannot be asked of the process. It is what the files say, after the process's own command line, as long
// as nothing it read has changed since it read it. See liveSSHD for how that is decided and how it could be wrong.
func collectSSHD(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	program := ""
	for _, p := range sshdPrograms {
		if env.Exists(p) {
			program = p
			break
		}
	}
	if program == "" && !configuredSSHD(env) {
		if s, ok := collectDropbear(ctx, env, doc); ok {
			return s
		}
		doc.SSHD = &facts.SSHD{Installed: false}
		return facts.Status{State: facts.StateOK}
	}
	var r reading
	d := &facts.SSHD{Installed: true, Implementation: "openssh", Version: sshdVersion(env, doc, program)}
	doc.SSHD = d
	d.Enabled = sshdEnabled(env)
	o := sshdOptions(env, doc, d.Version, &r)
	o.Args = sshdConfiguredArgs(env)
	cfg, err := sshdconf.Parse(o)
	if err != nil {
		r.note("/etc/ssh/sshd_config", why(err))
	} else {
		d.Persisted = cfg
		d.HostKeys = hostKeys(env, cfg.Settings["hostkey"])
	}
	if env.Live {
		liveSSHD(ctx, env, doc, &r)
		sshdDrift(doc)
	}
	return r.status()
}

// configuredSSHD says that the server's configuration stands though its program was not found where we look: in an
// image without programs. What is left of a removed package does not count.
func configuredSSHD(env *Env) bool {
	if !env.Exists("/etc/ssh/sshd_config") {
		return false
	}
	b, err := env.ReadFileLimit("/var/lib/dpkg/status", maxStatusFile)
	if err != nil {
		return true
	}
	p := stanzaOf(b, "openssh-server")
	return p == nil || !strings.HasSuffix(p["Status"], "config-files")
}

// sshdVersion finds the release by the package data base or in the program itself.
func sshdVersion(env *Env, doc *facts.Document, program string) string {
	if doc.Packages != nil {
		for _, p := range doc.Packages.Installed {
			if p.Name == "openssh-server" || p.Name == "openssh" {
				return cleanVersion(p.Version)
			}
		}
	}
	if b, err := env.ReadFileLimit("/var/lib/dpkg/status", maxStatusFile); err == nil {
		if p := stanzaOf(b, "openssh-server"); p != nil {
			return cleanVersion(p["Version"])
		}
	}
	if program == "" {
		return ""
	}
	b, err := env.ReadFileLimit(program, 16<<20)
	if err != nil {
		return ""
	}
	i := bytes.Index(b, []byte("OpenSSH_"))
	if i < 0 {
		return ""
	}
	v := b[i+len("OpenSSH_"):]
	end := bytes.IndexFunc(v, func(c rune) bool { return !strings.ContainsRune("0123456789.p", c) })
	return string(v[:max(0, min(end, 12))])
}

// cleanVersion takes the epoch and the distribution's revision off: "1:9.2p1-2+deb12u3" is "9.2p1".
func cleanVersion(v string) string {
	if _, rest, ok := strings.Cut(v, ":"); ok {
		v = rest
	}
	v, _, _ = strings.Cut(v, "-")
	return strings.ReplaceAll(v, "_", "")
}

// releaseSSHD is the release of OpenSSH that a distribution came with, for hosts whose own cannot be found out.
var releaseSSHD = map[string]string{
	"debian 10": "7.9", "debian 11": "8.4", "debian 12": "9.2", "debian 13": "10.0", "debian 20.04": "8.2", "debian 22.04": "8.9",
	"debian 24.04": "9.6", "rhel 7": "7.4", "rhel 8": "8.0", "rhel 9": "8.7", "rhel 10": "9.9",
}

func sshdOptions(env *Env, doc *facts.Document, version string, r *reading) sshdconf.Options {
	o := sshdconf.Options{
		Version: sshdconf.ParseVersion(version),
		Files: sshdconf.Files{
			Glob: env.Glob,
			Read: func(name string) ([]byte, error) {
				b, err := env.ReadFile(name)
				r.miss(name, err)
				return b, err
			},
		},
	}
	if doc.OS != nil {
		o.Distro = doc.OS.Family
		if o.Version == 0 {
			major, _, _ := strings.Cut(doc.OS.VersionID, ".")
			o.Version = sshdconf.ParseVersion(releaseSSHD[doc.OS.Family+" "+doc.OS.VersionID] + releaseSSHD[doc.OS.Family+" "+major])
		}
	} else if env.Exists("/etc/debian_version") {
		o.Distro = "debian"
	}
	return o
}

// sshdEnabled says whether the server starts at boot, by itself or by its socket.
func sshdEnabled(env *Env) *bool {
	if s := env.unitSet(); s.Present() {
		on := slices.ContainsFunc(slices.Concat(sshdUnits, sshdSockets), s.StartsAtBoot)
		return &on
	}
	return env.scriptEnabled("sshd", "ssh", "dropbear")
}

// scriptEnabled says whether an init script of one of the names is started at boot by OpenRC, procd or System V links;
// nil when the host has none of these.
func (e *Env) scriptEnabled(names ...string) *bool {
	known := false
	for _, dir := range []string{"/etc/runlevels", "/etc/rc.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d"} {
		if !e.Exists(dir) {
			continue
		}
		known = true
		for _, n := range names {
			pattern := dir + "/S[0-9][0-9]*" + n
			if dir == "/etc/runlevels" {
				pattern = dir + "/*/" + n
			}
			if slices.ContainsFunc(e.Glob(pattern), func(p string) bool { return strings.TrimLeft(path.Base(p), "S0123456789") == n }) {
				return ptr(true)
			}
		}
	}
	if !known {
		return nil
	}
	return ptr(false)
}

// sshdConfiguredArgs returns the arguments that the init system will give the server.
func sshdConfiguredArgs(env *Env) []string {
	if s := env.unitSet(); s.Present() {
		for _, name := range sshdUnits {
			u := s.Unit(name)
			if u == nil || u.Masked {
				continue
			}
			if cmd := s.Command(u); len(cmd) > 0 && path.Base(cmd[0]) == "sshd" {
				return cmd[1:]
			}
			return nil
		}
	}
	for _, f := range []string{"/etc/conf.d/sshd", "/etc/default/ssh"} {
		if b, err := env.ReadFile(f); err == nil {
			return strings.Fields(shellAssignments(b)["SSHD_OPTS"])
		}
	}
	return nil
}

// sshdDrift notes settings that the running server has otherwise than the next one will.
func sshdDrift(doc *facts.Document) {
	d := doc.SSHD
	if d.Live == nil || d.Persisted == nil {
		return
	}
	for name, live := range d.Live.Settings {
		if next := d.Persisted.Settings[name]; !slices.Equal(live, next) {
			doc.Drift = append(doc.Drift, facts.Drift{
				Family: "sshd", Subject: name, Persisted: strings.Join(next, " "), Live: strings.Join(live, " "),
			})
		}
	}
	slices.SortFunc(doc.Drift, func(a, b facts.Drift) int {
		return cmp.Or(strings.Compare(a.Family, b.Family), strings.Compare(a.Subject, b.Subject))
	})
}
