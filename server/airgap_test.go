package server_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestAirGap runs the two real programs as people do who carry sticks between them; the script is testdata/airgap.txtar. In it
// "serve start" starts the server and waits until hosts can call it, "serve stop" ends it: from then on no line joins them. "daemon start
// CONFIG SOCKET" and "daemon stop" do so with the agent's daemon.
func TestAirGap(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs both programs: left out by -short")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/airgap.txtar"}, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			address := l.Addr().String()
			l.Close()
			e.Setenv("PATH", bin+":"+e.Getenv("PATH"))
			e.Setenv("LC_ALL", "C.UTF-8")
			e.Setenv("AGENTS", address)
			policies, err := filepath.Abs("../policies")
			if err != nil {
				return err
			}
			e.Setenv("POLICIES", policies)
			if err := os.Mkdir(filepath.Join(e.WorkDir, "policies"), 0o700); err != nil {
				return err
			}
			for name, text := range map[string]string{
				"server.yaml": fmt.Sprintf("state: %s/server\nagents: {listen: '%s'}\nweb: {listen: '127.0.0.1:0'}\n", e.WorkDir, address),
				"a.yaml":      agentYAML(e.WorkDir, "a"), "b.yaml": agentYAML(e.WorkDir, "b"),
			} {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(text), 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"serve": serveIn, "daemon": daemonIn},
	})
}

// agentYAML configures a host; tcp fails at once where nobody listens.
func agentYAML(dir, host string) string {
	return fmt.Sprintf("state_dir: %s/%s\nsocket: %s/%s.sock\nunchanged_every: 1ms\nprobes: {disable: true}\nuplink: {protocol: tcp}\n", dir, host, dir, host)
}

// serving and running are the programs of the one script.
var serving, running *exec.Cmd

func serveIn(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "stop" {
		end(ts, serving)
		return
	}
	serving = begin(ts, "vymir-server", "serve", "--config", ts.MkAbs("server.yaml"))
	listens(ts, "tcp", ts.Getenv("AGENTS"))
}

func daemonIn(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "stop" {
		end(ts, running)
		return
	}
	running = begin(ts, "vymir-agent", "run", "--config", ts.MkAbs(args[1]))
	listens(ts, "unix", ts.MkAbs(args[2]))
}

func begin(ts *testscript.TestScript, program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(firstOf(programs()), program), args...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ts.Check(c.Start())
	return c
}

func end(ts *testscript.TestScript, c *exec.Cmd) {
	c.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it is waited for
	ts.Check(c.Wait())
}

// listens waits at most a minute until somebody does.
func listens(ts *testscript.TestScript, network, address string) {
	for until := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial(network, address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("nobody listens on %s: %v", address, err)
		}
	}
}

func firstOf(s string, _ error) string { return s }
