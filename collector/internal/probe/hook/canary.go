package hook

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

// canaryArg makes our own binary end as soon as its standard input does. It is looked for before main runs, in every
// binary that holds probes.
const canaryArg = "--vymir-probe-canary"

func init() {
	if len(os.Args) == 2 && os.Args[1] == canaryArg {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
}

// Canary is our own binary, run once more to be seen.
type Canary struct {
	process *os.Process
	hold    *os.File // the writing end of its standard input
	stop    func() bool
}

// Exec runs our own binary once more. It does nothing, until End or the end of ctx.
func Exec(ctx context.Context) (*Canary, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start canary: %w", err)
	}
	defer r.Close()
	p, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], canaryArg},
		&os.ProcAttr{Env: []string{}, Files: []*os.File{r, nil, nil}})
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("start canary: %w", err)
	}
	return &Canary{process: p, hold: w, stop: context.AfterFunc(ctx, func() { _ = p.Kill() })}, nil
}

// PID is its process id.
func (c *Canary) PID() int { return c.process.Pid }

// Kill ends it by force, and waits for that.
func (c *Canary) Kill() {
	_ = c.process.Kill()
	c.End()
}

// End lets it end, and waits for that.
func (c *Canary) End() {
	c.hold.Close()
	_, _ = c.process.Wait()
	c.stop()
}

// Connection is the loopback connection a TCP canary makes: a few bytes and a close.
type Connection struct {
	Server netip.AddrPort
	client net.Conn
	server net.Conn
}

// Connect makes a TCP connection of the agent with itself.
func Connect(ctx context.Context) (*Connection, error) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for canary: %w", err)
	}
	defer l.Close()
	c := &Connection{Server: l.Addr().(*net.TCPAddr).AddrPort()}
	d := net.Dialer{Timeout: 2 * time.Second}
	d.SetMultipathTCP(false)
	if c.client, err = d.DialContext(ctx, "tcp4", c.Server.String()); err != nil {
		return nil, fmt.Errorf("connect canary: %w", err)
	}
	if c.server, err = l.Accept(); err != nil {
		c.client.Close()
		return nil, fmt.Errorf("accept canary: %w", err)
	}
	return c, nil
}

// Say sends a few words from the client to the server, and waits for them to arrive.
func (c *Connection) Say(words string) error {
	if err := c.server.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return fmt.Errorf("send canary: %w", err)
	}
	if _, err := io.WriteString(c.client, words); err != nil {
		return fmt.Errorf("send canary: %w", err)
	}
	if _, err := io.ReadFull(c.server, make([]byte, len(words))); err != nil {
		return fmt.Errorf("receive canary: %w", err)
	}
	return nil
}

// Close ends the connection from both sides at once, without the waiting of an orderly end. It may be called again.
func (c *Connection) Close() {
	if tc, ok := c.client.(*net.TCPConn); ok {
		_ = tc.SetLinger(0)
	}
	c.client.Close()
	c.server.Close()
}

// Await asks until seen says yes, ctx ends, or a second is over.
func Await(ctx context.Context, seen func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if seen() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// Command is the command name of this process, as the kernel keeps it: at most 15 bytes.
func Command() string {
	b, err := os.ReadFile("/proc/self/comm")
	if err != nil || len(b) == 0 {
		return ""
	}
	return string(b[:len(b)-1])
}
