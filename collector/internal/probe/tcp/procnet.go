package tcp

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// socket is a line of /proc/net/tcp, and who holds it when that was found out.
type socket struct {
	local, remote netip.AddrPort
	state         uint8
	uid           uint32
	inode         uint64
	program       string
	pid           int
}

// States of a TCP socket as procfs writes them.
const (
	stateEstablished = 1
	stateListen      = 10
)

// maxSockets bounds what is read of a socket table.
const maxSockets = 65536

// sockets reads the TCP sockets of our network namespace.
func sockets() ([]socket, error) {
	var all []socket
	var firstErr error
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			firstErr = err
			continue
		}
		list, err := parseSockets(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, list...)
	}
	if all == nil && firstErr != nil {
		return nil, firstErr
	}
	return all, nil
}

func parseSockets(r io.Reader) ([]socket, error) {
	var list []socket
	sc := bufio.NewScanner(r)
	for sc.Scan() && len(list) < maxSockets {
		if s, ok := parseSocket(sc.Text()); ok {
			list = append(list, s)
		}
	}
	return list, sc.Err()
}

// parseSocket reads "sl local remote state queues timer retransmits uid timeout inode ...".
func parseSocket(line string) (socket, bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return socket{}, false
	}
	local, ok1 := parseAddress(f[1])
	remote, ok2 := parseAddress(f[2])
	state, err1 := strconv.ParseUint(f[3], 16, 8)
	uid, err2 := strconv.ParseUint(f[7], 10, 32)
	inode, err3 := strconv.ParseUint(f[9], 10, 64)
	if !ok1 || !ok2 || err1 != nil || err2 != nil || err3 != nil {
		return socket{}, false
	}
	return socket{local: local, remote: remote, state: uint8(state), uid: uint32(uid), inode: inode}, true
}

// parseAddress reads "0100007F:1F90": 32-bit words in the machine's order, the port in hexadecimal.
func parseAddress(s string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(s, ":")
	if !ok || len(host) != 8 && len(host) != 32 {
		return netip.AddrPort{}, false
	}
	b, err := hex.DecodeString(host)
	if err != nil {
		return netip.AddrPort{}, false
	}
	for i := 0; i+4 <= len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), true
}

// owners fills in who holds each socket, by looking through the open files of all processes.
func owners(list []socket) {
	want := make(map[uint64][]*socket, len(list))
	for i := range list {
		if list[i].inode != 0 {
			want[list[i].inode] = append(want[list[i].inode], &list[i])
		}
	}
	if len(want) == 0 {
		return
	}
	pids, err := hook.Processes()
	if err != nil {
		return
	}
	for _, pid := range pids {
		var command string
		for _, inode := range socketsOf(pid) {
			for _, s := range want[inode] {
				if command == "" {
					p, _ := hook.ReadProcess(pid)
					command = p.Command
				}
				s.program, s.pid = command, pid
			}
			delete(want, inode)
		}
		if len(want) == 0 {
			return
		}
	}
}

// socketsOf gives the inodes of a process's sockets.
func socketsOf(pid int) []uint64 {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	var list []uint64
	for _, name := range names {
		to, err := os.Readlink(dir + "/" + name)
		if err != nil {
			continue
		}
		if text, ok := strings.CutPrefix(to, "socket:["); ok {
			if inode, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64); err == nil {
				list = append(list, inode)
			}
		}
	}
	return list
}

// ownNamespace is the inode of our network namespace.
func ownNamespace() uint32 {
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/net", &st); err != nil {
		return 0
	}
	return uint32(st.Ino)
}
