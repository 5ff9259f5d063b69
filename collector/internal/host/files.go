package host

import (
	"context"
	"path"
	"slices"

	"github.com/vymir-project/vymir/collector/facts"
)

// maxFiles bounds the paths that globs may add.
const maxFiles = 1024

// watchedFiles are looked at on every host; one that is missing is reported as absent.
var watchedFiles = []string{
	"/boot", "/boot/grub/grub.cfg", "/boot/grub/user.cfg", "/boot/grub2/grub.cfg", "/boot/grub2/user.cfg", "/boot/loader/loader.conf",
	"/dev/shm",
	"/etc/aliases", "/etc/anacrontab", "/etc/at.allow", "/etc/at.deny", "/etc/audit", "/etc/audit/auditd.conf", "/etc/banner",
	"/etc/bash.bashrc", "/etc/bashrc", "/etc/config", "/etc/cron.allow", "/etc/cron.d", "/etc/cron.daily", "/etc/cron.deny",
	"/etc/cron.hourly", "/etc/cron.monthly", "/etc/cron.weekly", "/etc/cron.yearly", "/etc/crontab", "/etc/crontabs",
	"/etc/doas.conf", "/etc/dropbear", "/etc/environment", "/etc/exports", "/etc/fstab", "/etc/group", "/etc/group-", "/etc/gshadow", "/etc/gshadow-",
	"/etc/hosts", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/hosts.equiv", "/etc/init.d", "/etc/inittab", "/etc/issue", "/etc/issue.net",
	"/etc/krb5.keytab", "/etc/ld.so.conf", "/etc/ld.so.preload", "/etc/login.defs", "/etc/motd", "/etc/nftables.conf", "/etc/nsswitch.conf",
	"/etc/opasswd", "/etc/pam.d", "/etc/passwd", "/etc/passwd-", "/etc/profile", "/etc/rc.local", "/etc/resolv.conf", "/etc/securetty",
	"/etc/security/opasswd", "/etc/shadow", "/etc/shadow-", "/etc/shells", "/etc/shosts.equiv", "/etc/ssh", "/etc/ssh/ssh_config",
	"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/ssl/private", "/etc/pki/tls/private", "/etc/subgid", "/etc/subuid", "/etc/sudoers",
	"/etc/sudoers.d", "/etc/sysctl.conf", "/etc/sysctl.d", "/etc/systemd/system", "/etc/wireguard", "/etc/wpa_supplicant",
	"/home", "/root", "/root/.ssh", "/run/docker.sock",
	"/tmp", "/usr/bin/sudo", "/usr/bin/su", "/usr/sbin/cron",
	"/var/crash", "/var/lib/systemd/coredump", "/var/log", "/var/log/audit", "/var/log/btmp", "/var/log/journal", "/var/log/lastlog", "/var/log/wtmp",
	"/var/mail", "/var/spool/cron", "/var/spool/cron/crontabs", "/var/tmp",
}

// watchedGlobs add the files found by a pattern.
var watchedGlobs = []string{
	"/boot/vmlinu[xz]-*", "/boot/initrd.img-*", "/boot/initramfs-*", "/boot/System.map-*", "/boot/config-*",
	"/etc/cron.d/*", "/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*", "/etc/crontabs/*",
	"/etc/dropbear/*", "/etc/profile.d/*.sh", "/etc/ssh/ssh_host_*", "/etc/ssh/sshd_config.d/*", "/etc/ssl/private/*", "/etc/pki/tls/private/*",
	"/etc/sudoers.d/*", "/etc/update-motd.d/*", "/etc/wireguard/*", "/etc/audit/rules.d/*",
	"/root/.ssh/*", "/var/spool/cron/crontabs/*", "/var/spool/cron/*",
	"/var/log/*", "/var/log/audit/*",
}

// collectFiles looks at the modes and owners of the files that matter. Links are described as links, and what the watched
// ones stand for is added beside them.
func collectFiles(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	f := &facts.Files{Paths: map[string]facts.FileState{}}
	look := func(p string) {
		st := env.Lstat(p)
		f.Paths[p] = st
		switch st.Kind {
		case "unknown":
			r.note(p, "may not be looked at")
		case "link":
			if real, err := env.Resolve(p); err == nil && real != p {
				f.Paths[real] = env.Lstat(real)
			}
		}
	}
	for _, p := range watchedFiles {
		look(p)
	}
	for _, g := range watchedGlobs {
		found := env.Glob(g)
		for _, p := range found[:min(len(found), maxFiles)] {
			if _, ok := f.Paths[p]; ok {
				continue
			}
			if len(f.Paths) >= maxFiles {
				r.note(g, "more files than are looked at")
				break
			}
			look(p)
		}
	}
	// Globs find nothing in directories we may not read, and "nothing" must not be taken for "none there".
	var dirs []string
	for _, g := range watchedGlobs {
		dirs = append(dirs, path.Dir(g))
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if _, err := env.ReadDir(dir); err != nil {
			r.miss(dir, err)
		}
	}
	doc.Files = f
	return r.status()
}
