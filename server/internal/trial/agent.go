package trial

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// agent is the real program beside the server, driven as an administrator would.
type agent struct {
	program string
	dir     string // its state
	config  string // its configuration file
	log     string
	socket  string

	cmd   *exec.Cmd
	ended chan error // one value when the daemon has ended
}

func newAgent(program, dir string) *agent {
	return &agent{
		program: program, dir: dir, config: dir + ".yaml", log: dir + ".log",
		socket: filepath.Join(dir, "agent.sock"), ended: make(chan error, 1),
	}
}

// configure writes the agent's configuration. The consent profile is the widest, as host and server are one
// machine; the interval of unchanged results is short, so that every run shows a delivery.
func (a *agent) configure() error {
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return fmt.Errorf("make the agent's folder: %w", err)
	}
	text := fmt.Sprintf("state_dir: %q\nsocket: %q\nunchanged_every: 1s\nconsent:\n  profile: detailed\n", a.dir, a.socket)
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the agent's configuration: %w", err)
	}
	return nil
}

// status is what the trial reads of vymir.status/1.
type status struct {
	Enrolment struct {
		HostID string `json:"host_id"`
	} `json:"enrolment"`
	Uplink struct {
		Protocol  string `json:"protocol"`
		SentBytes uint64 `json:"last_sent_bytes"`
		RecvBytes uint64 `json:"last_received_bytes"`
	} `json:"uplink"`
	Problems []string `json:"problems"`
}

func (a *agent) status(ctx context.Context) (s status, err error) {
	out, err := a.run(ctx, "status", "--format", "json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return s, fmt.Errorf("read the agent's status: %w", err)
	}
	return s, nil
}

// enrol hands the token over in a file that is removed again.
func (a *agent) enrol(ctx context.Context, address, token string) error {
	file := filepath.Join(a.dir, "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		return fmt.Errorf("write token: %w", err)
	}
	defer os.Remove(file)
	_, err := a.run(ctx, "enrol", "--server", address, "--token-file", file)
	return err
}

// run executes one command of the agent and returns its standard output.
func (a *agent) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, a.program, append(args, "--config", a.config)...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("vymir-agent %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}

// start runs the daemon. It dies with this process, whatever ends it.
func (a *agent) start() error {
	f, err := os.OpenFile(a.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the agent's log: %w", err)
	}
	defer f.Close()
	a.cmd = exec.Command(a.program, "run", "--config", a.config)
	a.cmd.Stdout, a.cmd.Stderr = f, f
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := a.cmd.Start(); err != nil {
		return fmt.Errorf("start the agent: %w", err)
	}
	go func() {
		err := a.cmd.Wait()
		if err == nil {
			err = errors.New("it ended by itself")
		}
		a.ended <- err
	}()
	return nil
}

// died gets one value when the daemon has ended.
func (a *agent) died() <-chan error { return a.ended }

// wake asks the daemon to assess and check in now, as soon as it listens on its socket.
func (a *agent) wake(ctx context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", a.socket)
		},
	}}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for tries := 0; ; tries++ {
		resp, err := client.Post("http://agent/wake", "", nil)
		if err == nil {
			return resp.Body.Close()
		}
		select {
		case err := <-a.ended:
			a.ended <- err
			return fmt.Errorf("the agent ended: %w\n%s", err, tail(a.log))
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if tries > 300 {
				return fmt.Errorf("the agent does not answer on %s: %w", a.socket, err)
			}
		}
	}
}

// stop ends the daemon, gently at first.
func (a *agent) stop() error {
	if a.cmd == nil || a.cmd.Process == nil {
		return nil
	}
	if err := a.cmd.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	select {
	case <-a.ended:
		return nil
	case <-time.After(15 * time.Second):
		a.cmd.Process.Kill() //nolint:errcheck // it may just have ended
		<-a.ended
		return errors.New("the agent did not end within 15 s and was killed")
	}
}
