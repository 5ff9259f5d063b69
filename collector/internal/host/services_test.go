package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vymir-project/vymir/collector/facts"
)

func TestServicesSystemd(t *testing.T) {
	env := testEnv(t, `
-- usr/lib/systemd/system/cron.service --
[Service]
ExecStart=/usr/sbin/cron -f
[Install]
WantedBy=multi-user.target
-- usr/lib/systemd/system/dead.service --
[Service]
ExecStart=/usr/sbin/dead
User=nobody
[Install]
WantedBy=multi-user.target
-- etc/systemd/system/multi-user.target.wants/cron.service -> /usr/lib/systemd/system/cron.service --
-- etc/systemd/system/multi-user.target.wants/dead.service -> /usr/lib/systemd/system/dead.service --
-- etc/systemd/system/telnet.socket -> /dev/null --
-- etc/init.d/old 0755 --
-- etc/rc3.d/S02old -> ../init.d/old --
-- run/systemd/system/ --
-- run/systemd/units/invocation:cron.service --
-- proc/stat --
btime 1767225600
-- proc/77/status --
Name:	cron
PPid:	1
Uid:	0	0	0	0
-- proc/77/cgroup --
0::/system.slice/cron.service
-- proc/77/stat --
77 (cr on) S 1 77 77 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0
`, true)
	doc, status := collect(t, env, "services")
	if status.State != facts.StateOK || doc.Services.Init != "systemd" {
		t.Fatalf("%+v %+v", status, doc.Services)
	}
	u := doc.Services.Units
	if c := u["cron.service"]; c.Enabled != "enabled" || c.Active != "active" || c.MainPID != 77 || c.Exec != "/usr/sbin/cron" {
		t.Errorf("cron = %+v", c)
	}
	if d := u["dead.service"]; d.Active != "inactive" || d.User != "nobody" {
		t.Errorf("dead = %+v", d)
	}
	if u["telnet.socket"].Enabled != "masked" || u["old.service"].Enabled != "enabled" {
		t.Errorf("units = %+v", u)
	}
	if len(doc.Drift) != 1 || doc.Drift[0].Subject != "dead.service" {
		t.Errorf("drift = %+v", doc.Drift)
	}
}

func TestServicesOpenRC(t *testing.T) {
	env := testEnv(t, `
-- etc/init.d/crond 0755 --
-- etc/init.d/sshd 0755 --
-- etc/runlevels/default/crond -> /etc/init.d/crond --
`, false)
	doc, _ := collect(t, env, "services")
	if u := doc.Services.Units; doc.Services.Init != "openrc" || u["crond"].Enabled != "enabled" || u["sshd"].Enabled != "disabled" || u["crond"].Active != "" {
		t.Errorf("services = %+v", doc.Services)
	}
}

// TestProcessesLive runs a program whose file is then deleted, from a temporary directory and with LD_PRELOAD set.
func TestProcessesLive(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: processes of a root user are looked at")
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("needs sleep(1)")
	}
	b, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "vymir")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "anydesk")
	if err := os.WriteFile(name, b, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, "60")
	cmd.Env = []string{"LD_PRELOAD=/nowhere.so"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	os.Remove(name)
	env, err := Open(Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	defer env.Close()
	doc, status := collect(t, env, "processes")
	if doc.Processes == nil {
		t.Fatalf("status = %+v", status)
	}
	p := doc.Processes
	for list, procs := range map[string][]facts.Process{"deleted": p.DeletedExe, "temp": p.TempExe, "preload": p.LdPreload, "remote": p.RemoteControl} {
		if !slices.ContainsFunc(procs, func(q facts.Process) bool { return q.PID == cmd.Process.Pid }) {
			t.Errorf("%s does not list the process: %+v", list, procs)
		}
	}
}
