package host

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectBoot describes how the machine starts and when it last did. The time of the boot follows the host's clock: one
// that was set since moves it, while the uptime stays true. A required reboot is known by the distribution's mark or by a
// newer kernel on disk; a replaced library alone is told by the processes that still map it, not here.
func collectBoot(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	b := &facts.Boot{}
	if env.Live {
		b.EFI = ptr(env.ProcExists("/sys/firmware/efi"))
		if *b.EFI {
			b.SecureBoot = efiFlag(env, "SecureBoot", &r)
			b.SetupMode = efiFlag(env, "SetupMode", &r)
		}
		readUptime(env, b)
		b.RebootRequired = rebootRequired(env, doc)
	}
	b.Loader = bootLoader(env)
	if b.Loader == "grub" {
		b.GrubPassword = grubPassword(env, &r)
	}
	doc.Boot = b
	return r.status()
}

// efiFlag reads a one-byte EFI variable of the global vendor; four bytes of attributes stand before it.
func efiFlag(env *Env, name string, r *reading) *bool {
	file := "/sys/firmware/efi/efivars/" + name + "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	v, err := env.ReadProc(file)
	if err != nil {
		r.miss(file, err)
		return nil
	}
	if len(v) != 5 {
		return nil
	}
	return ptr(v[4] == 1)
}

// secureBootNow says whether Secure Boot is on; nil where that is not known.
func secureBootNow(env *Env) *bool {
	switch {
	case !env.Live:
		return nil
	case !env.ProcExists("/sys/firmware/efi"):
		return ptr(false)
	}
	return efiFlag(env, "SecureBoot", &reading{}) // the family boot tells why it could not be read
}

func readUptime(env *Env, b *facts.Boot) {
	first, _, _ := strings.Cut(env.procLine("/proc/uptime"), " ")
	if up, err := strconv.ParseFloat(first, 64); err == nil && up >= 0 {
		b.UptimeSeconds = &up
	}
	stat, err := env.ReadProcLimit("/proc/stat", 4<<20)
	if err != nil {
		return
	}
	for _, line := range lines(stat) {
		if v, ok := strings.CutPrefix(line, "btime "); ok {
			if sec, err := strconv.ParseInt(v, 10, 64); err == nil {
				b.BootedAt = ptr(time.Unix(sec, 0).UTC())
			}
			return
		}
	}
}

// rebootRequired is what the distribution says, or a newer kernel; nil where neither can be known.
func rebootRequired(env *Env, doc *facts.Document) *bool {
	if env.Exists("/run/reboot-required") || env.Exists("/var/run/reboot-required") {
		return ptr(true)
	}
	if doc.Kernel != nil && doc.Kernel.RunningIsNewest != nil {
		return ptr(!*doc.Kernel.RunningIsNewest)
	}
	return nil
}

func bootLoader(env *Env) string {
	for _, l := range []struct{ name, path string }{
		{"grub", "/boot/grub/grub.cfg"}, {"grub", "/boot/grub2/grub.cfg"},
		{"systemd-boot", "/boot/loader/loader.conf"}, {"systemd-boot", "/efi/loader/loader.conf"}, {"systemd-boot", "/boot/efi/loader/loader.conf"},
		{"extlinux", "/boot/extlinux.conf"}, {"extlinux", "/boot/extlinux/extlinux.conf"},
		{"u-boot", "/boot/boot.scr"}, {"u-boot", "/etc/fw_env.config"}, {"u-boot", "/boot/uEnv.txt"},
	} {
		if env.Exists(l.path) {
			return l.name
		}
	}
	return ""
}

// grubPassword says whether a person at the console must give a password to change what grub starts.
func grubPassword(env *Env, r *reading) *bool {
	superusers, password, read := false, false, false
	files := append(append([]string{}, grubConfigs...), "/boot/grub/user.cfg", "/boot/grub2/user.cfg", "/boot/grub/custom.cfg", "/boot/grub2/custom.cfg")
	for _, f := range files {
		b, err := env.ReadFileLimit(f, 4<<20)
		if err != nil {
			r.miss(f, err)
			continue
		}
		read = true
		for _, line := range lines(b) {
			line = strings.TrimSpace(line)
			superusers = superusers || strings.HasPrefix(line, "set superusers=") || strings.HasPrefix(line, "export superusers")
			// Red Hat's grub.cfg holds the command with a variable; the hash stands in user.cfg
			password = password || strings.HasPrefix(line, "GRUB2_PASSWORD=grub.pbkdf2") ||
				strings.HasPrefix(line, "password_pbkdf2 ") && !strings.Contains(line, "${GRUB2_PASSWORD}") || strings.HasPrefix(line, "password ")
		}
		if bytes.Contains(b, []byte("GRUB2_PASSWORD=grub.pbkdf2")) {
			superusers = true // 01_users of Red Hat makes root the superuser then
		}
	}
	if !read {
		return nil
	}
	return ptr(superusers && password)
}
