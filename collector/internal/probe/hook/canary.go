package hook

import (
	"context"
	"errors"
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

// Connect makes a TCP connection of the agent with itself, unless ctx ends before.
func Connect(ctx context.Context) (*Connection, error) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for canary: %w", err)
	}
	defer l.Close()
	c := &Connection{Server: l.Addr().(*net.TCPAddr).AddrPort()}
	d := net.Dialer{}
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

// Say sends a few words from the client to the server, and waits for them to arrive, or for ctx to end.
func (c *Connection) Say(ctx context.Context, words string) error {
	defer context.AfterFunc(ctx, func() { _ = c.server.SetReadDeadline(time.Unix(1, 0)) })()
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

// How silence is proven: by that many canaries, each caused to its end, and looked for so long and so often. A machine that
// is slow needs longer for its canaries, and gets it.
const (
	canaries  = 3
	lookEvery = 5 * time.Millisecond
	looks     = 20
)

// lookFor is how long the first canary is looked for; each further one is for twice as long as the one before.
const lookFor = 250 * time.Millisecond

// ErrHurried says that a source was attached, and that ctx ended before it could prove itself or be found silent.
var ErrHurried = errors.New("attached, but no time was left for its canary")

// Prove lets a source prove itself: try causes an event that the source is to see, and asks seen about it. It is called
// again where it says [ErrSilent], since one event may be lost to another that is being seen, or be late; three times, then it
// is silent. Any other error of try ends the proving: the event could not be caused.
func Prove(ctx context.Context, try func(await Await) error) error {
	var err error
	window := lookFor
	for range canaries {
		if ctx.Err() != nil {
			return ErrHurried
		}
		err = try(func(seen func() bool) bool { return await(ctx, window, seen) })
		if !errors.Is(err, ErrSilent) {
			break
		}
		window *= 2
	}
	if err != nil && ctx.Err() != nil {
		return ErrHurried
	}
	return err
}

// Await asks until seen says yes, and gives up where nothing may come any more.
type Await func(seen func() bool) bool

// await asks for at least so long, and at least so often: on a machine that is slow or busy, the clock alone says little about
// what could have happened meanwhile.
func await(ctx context.Context, atLeast time.Duration, seen func() bool) bool {
	began := time.Now()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		if seen() {
			return true
		}
		if n >= looks && time.Since(began) >= atLeast {
			return false
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
