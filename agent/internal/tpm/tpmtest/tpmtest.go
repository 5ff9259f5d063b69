// Package tpmtest starts software TPMs (swtpm) for tests.
package tpmtest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TPM is a software TPM that a test plugs in, takes away and clears.
type TPM struct {
	Device string // the path of its socket
	t      testing.TB
	dir    string
	cmd    *exec.Cmd
}

// Start runs a new TPM until the test ends. Without the program swtpm the test is skipped.
func Start(t testing.TB) *TPM {
	t.Helper()
	if _, err := exec.LookPath("swtpm"); err != nil {
		t.Skip("needs the program swtpm (Debian package swtpm)")
	}
	dir, err := os.MkdirTemp("", "vt") // short: the path of a unix socket has little room
	if err != nil {
		t.Fatal(err)
	}
	p := &TPM{Device: filepath.Join(dir, "tpm"), t: t, dir: dir}
	t.Cleanup(func() {
		p.Remove()
		os.RemoveAll(dir) //nolint:errcheck // a test's folder
	})
	p.Plug()
	return p
}

// Plug starts it with the seed it had.
func (p *TPM) Plug() {
	p.t.Helper()
	state := filepath.Join(p.dir, "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command("swtpm", "socket", "--tpm2", "--tpmstate", "dir="+state, "--server", "type=unixio,path="+p.Device,
		"--ctrl", "type=unixio,path="+p.Device+".ctrl", "--flags", "not-need-init,startup-clear")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("unix", p.Device+".ctrl")
		if err == nil {
			c.Close() //nolint:errcheck // nothing was written
			if _, err := os.Stat(p.Device); err == nil {
				return
			}
		}
		if time.Now().After(until) {
			p.t.Fatalf("swtpm does not answer: %v", err)
		}
	}
}

// Remove takes it away.
func (p *TPM) Remove() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill() //nolint:errcheck // it may have ended
	p.cmd.Wait()         //nolint:errcheck // it was killed
	p.cmd = nil
	os.Remove(p.Device)           //nolint:errcheck // it may be gone
	os.Remove(p.Device + ".ctrl") //nolint:errcheck // as above
}

// Clear gives it another seed, as an administrator who clears it in the firmware does.
func (p *TPM) Clear() {
	p.t.Helper()
	p.Remove()
	if err := os.RemoveAll(filepath.Join(p.dir, "state")); err != nil {
		p.t.Fatal(err)
	}
	p.Plug()
}
