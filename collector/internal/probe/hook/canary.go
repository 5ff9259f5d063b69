package hook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

// canaryArg makes our own binary end at once. It is looked for before main runs, in every binary that holds probes.
const canaryArg = "--vymir-probe-canary"

func init() {
	if len(os.Args) == 2 && os.Args[1] == canaryArg {
		os.Exit(0)
	}
}

// Exec runs our own binary once, with an argument that ends it at once, and gives its process id.
func Exec(ctx context.Context) (pid int, err error) {
	p, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], canaryArg}, &os.ProcAttr{Env: []string{"GOGC=off"}})
	if err != nil {
		return 0, fmt.Errorf("start canary: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Kill() })
	defer stop()
	if _, err := p.Wait(); err != nil {
		return 0, fmt.Errorf("wait for canary: %w", err)
	}
	return p.Pid, nil
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
