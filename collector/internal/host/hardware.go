package host

import (
	"context"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/mem"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectHardware asks the firmware and the kernel what machine this is. Under --root there is no machine. A hypervisor can
// make the firmware say anything; "none" for virtualization only says that none shows itself.
func collectHardware(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	if !env.Live {
		return unmeasured(ErrNotLive.Error())
	}
	var r reading
	ctx = psutil(ctx, env)
	h := &facts.Hardware{}
	dmi := func(name string) string { return env.procLine("/sys/class/dmi/id/" + name) }
	h.Vendor, h.Product = dmi("sys_vendor"), dmi("product_name")
	if h.Product == "" {
		h.Product = strings.TrimRight(env.procLine("/proc/device-tree/model"), "\x00")
	}
	if t, err := time.Parse("01/02/2006", dmi("bios_date")); err == nil {
		h.BIOSDate = t.Format(time.DateOnly)
	}
	h.Chassis = chassis(dmi("chassis_type"))
	if infos, err := cpu.InfoWithContext(ctx); err == nil && len(infos) > 0 {
		h.CPUModel = strings.TrimSpace(infos[0].ModelName)
		h.CPUs = len(infos)
		h.Microcode = infos[0].Microcode
	} else {
		r.miss("/proc/cpuinfo", err)
	}
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		h.MemoryBytes = m.Total
	} else {
		r.miss("/proc/meminfo", err)
	}
	h.Virtualization = virtualization(env, doc, h)
	if names, err := env.ProcNames("/sys/class/tpm"); err == nil {
		h.TPM = ptr(len(names) > 0)
	} else if env.ProcExists("/sys/class") {
		h.TPM = ptr(false)
	}
	h.ThermalCelsius = hottest(env)
	h.Disks = disks(env)
	doc.Hardware = h
	return r.status()
}

// psutil points gopsutil at the proc and sys of the Env. Only those of its functions are used that read there and nowhere
// else, for it opens files as it finds them.
func psutil(ctx context.Context, env *Env) context.Context {
	if env.proc == "" {
		return ctx
	}
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: path.Join(env.proc, "proc"),
		common.HostSysEnvKey:  path.Join(env.proc, "sys"),
	})
}

// virtualization names the container manager or hypervisor we run under. "none" is said only where the processor does
// not show a hypervisor; a hypervisor nobody knows is "other".
func virtualization(env *Env, doc *facts.Document, h *facts.Hardware) string {
	if b, err := env.ReadFile("/run/systemd/container"); err == nil && firstLine(b) != "" {
		return firstLine(b)
	}
	if root, ok := mountOf(doc, "/"); ok && root.FSType == "overlay" && env.Exists("/.dockerenv") {
		return "docker" // the file alone may have come with an image that a virtual machine was made of
	}
	if environ, err := env.ReadProc("/proc/1/environ"); err == nil {
		for v := range strings.SplitSeq(string(environ), "\x00") {
			if name, ok := strings.CutPrefix(v, "container="); ok && name != "" {
				return name
			}
		}
	}
	text := h.Vendor + " " + h.Product + " " + env.procLine("/sys/class/dmi/id/bios_vendor")
	for _, v := range []struct{ mark, name string }{
		{"KVM", "kvm"}, {"VMware", "vmware"}, {"VirtualBox", "virtualbox"}, {"innotek", "virtualbox"}, {"Xen", "xen"}, {"Amazon EC2", "kvm"},
		{"Google Compute Engine", "kvm"}, {"OpenStack", "kvm"}, {"QEMU", "qemu"}, {"Bochs", "qemu"}, {"Parallels", "parallels"},
		{"Microsoft Corporation Virtual Machine", "hyperv"}, {"bhyve", "bhyve"}, {"BHYVE", "bhyve"},
	} {
		if strings.Contains(text, v.mark) {
			return v.name
		}
	}
	if name := env.procLine("/sys/hypervisor/type"); name != "" {
		return name
	}
	cpuinfo, err := env.ReadProcLimit("/proc/cpuinfo", 4<<20)
	switch {
	case err != nil:
		return ""
	case strings.Contains(string(cpuinfo), " hypervisor"):
		return "other"
	}
	return "none"
}

// chassis names the DMI chassis types that say what a machine is for (SMBIOS 7.4.1).
func chassis(code string) string {
	n, err := strconv.Atoi(code)
	if err != nil {
		return ""
	}
	switch n {
	case 3, 4, 5, 6, 7, 13, 15, 16, 35, 36:
		return "desktop"
	case 8, 9, 10, 14, 31, 32:
		return "laptop"
	case 30:
		return "tablet"
	case 11:
		return "handheld"
	case 17, 23, 25, 28, 29:
		return "server"
	case 34:
		return "embedded"
	}
	return "other"
}

// disks lists the whole disks; nil where the kernel shows none of its block devices.
func disks(env *Env) []facts.Disk {
	names, err := env.ProcNames("/sys/block")
	if err != nil {
		return nil
	}
	out := []facts.Disk{}
	for _, n := range names {
		dir := "/sys/block/" + n
		if !env.ProcExists(dir+"/device") || strings.HasPrefix(n, "sr") || strings.HasPrefix(n, "fd") || len(out) >= 256 {
			continue
		}
		sectors, err := strconv.ParseUint(env.procLine(dir+"/size"), 10, 64)
		if err != nil || sectors == 0 {
			continue
		}
		d := facts.Disk{Name: n, SizeBytes: sectors * 512, Model: env.procLine(dir + "/device/model")}
		if d.Model == "" {
			d.Model = env.procLine(dir + "/device/name")
		}
		if v := env.procLine(dir + "/queue/rotational"); v != "" {
			d.Rotational = ptr(v == "1")
		}
		if v := env.procLine(dir + "/removable"); v != "" {
			d.Removable = ptr(v == "1")
		}
		d.LifeUsedPercent, d.PreEOL = emmcWear(env, dir)
		out = append(out, d)
	}
	return out
}

// emmcWear reads what an eMMC says of its own wear (JEDEC JESD84-B51): two estimates in tenths of its life, 11 being past
// it, and the state of its spare blocks.
func emmcWear(env *Env, dir string) (*int, string) {
	var worst *int
	for f := range strings.FieldsSeq(env.procLine(dir + "/device/life_time")) {
		n, err := strconv.ParseInt(f, 0, 16)
		if err == nil && n > 0 && n <= 11 && (worst == nil || int(n)*10 > *worst) {
			worst = ptr(int(n) * 10)
		}
	}
	switch env.procLine(dir + "/device/pre_eol_info") {
	case "0x01":
		return worst, "normal"
	case "0x02":
		return worst, "warning"
	case "0x03":
		return worst, "urgent"
	}
	return worst, ""
}

// hottest returns the temperature of the hottest thermal zone; nil where there is none.
func hottest(env *Env) *float64 {
	names, err := env.ProcNames("/sys/class/thermal")
	if err != nil {
		return nil
	}
	var out *float64
	for _, n := range names {
		milli, err := strconv.Atoi(env.procLine("/sys/class/thermal/" + n + "/temp"))
		if !strings.HasPrefix(n, "thermal_zone") || err != nil || milli < -50_000 || milli > 200_000 {
			continue
		}
		if c := float64(milli) / 1000; out == nil || c > *out {
			out = &c
		}
	}
	return out
}
