package exec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Numbers of the kernel's process event connector (linux/cn_proc.h, linux/connector.h).
const (
	connectorIndex = 1 // CN_IDX_PROC
	connectorValue = 1 // CN_VAL_PROC
	listenRequest  = 1 // PROC_CN_MCAST_LISTEN
	execEvent      = 2 // PROC_EVENT_EXEC
	headerLength   = 16 + 20
	queueLength    = 1 << 20
)

// connector is the source that hears of executions from the kernel's process event connector. The kernel names the
// process only, so one that ends at once is counted without its path. Needs CAP_NET_ADMIN.
type connector struct {
	*table
	socket *os.File
	done   sync.WaitGroup
}

func listen() (*connector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, fmt.Errorf("open process connector: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: connectorIndex}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("join process connector: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, queueLength)
	if err := unix.Sendto(fd, listenMessage(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("ask for process events: %w", err)
	}
	c := &connector{table: newTable(0), socket: os.NewFile(uintptr(fd), "process connector")}
	c.done.Add(1)
	go func() {
		defer c.done.Done()
		c.read()
	}()
	return c, nil
}

func listenMessage() []byte {
	n := binary.NativeEndian
	b := make([]byte, headerLength+4)
	n.PutUint32(b, uint32(len(b)))
	n.PutUint16(b[4:], unix.NLMSG_DONE)
	n.PutUint32(b[12:], uint32(os.Getpid()))
	n.PutUint32(b[16:], connectorIndex)
	n.PutUint32(b[20:], connectorValue)
	n.PutUint16(b[32:], 4)
	n.PutUint32(b[headerLength:], listenRequest)
	return b
}

func (c *connector) read() {
	buf := make([]byte, 8192)
	for {
		n, err := c.socket.Read(buf)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			c.lose(hook.LostOverrun, 1) // at least one; the kernel does not say how many
			continue
		case err != nil:
			return
		}
		pid, ok := parseExec(buf[:n])
		if !ok {
			continue
		}
		if p, ok := hook.ReadProcess(pid); ok && p.Exe != "" {
			c.add(p, time.Now().UTC())
		} else {
			c.lose(hook.LostGone, 1)
		}
	}
}

// parseExec gives the process of an execution; false: another event, or nothing we understand.
func parseExec(b []byte) (pid int, ok bool) {
	n := binary.NativeEndian
	if len(b) < headerLength+24 || n.Uint32(b[16:]) != connectorIndex || n.Uint32(b[headerLength:]) != execEvent {
		return 0, false
	}
	pid = int(int32(n.Uint32(b[headerLength+20:]))) // of the thread group
	return pid, pid > 0
}

// Kind is [hook.Netlink].
func (c *connector) Kind() string { return hook.Netlink }

// Note says what is missed.
func (c *connector) Note() string {
	return "programs that end at once are counted without their path, because the kernel tells the process only"
}

// Close leaves the connector.
func (c *connector) Close() error {
	err := c.socket.Close()
	c.done.Wait()
	return err
}
