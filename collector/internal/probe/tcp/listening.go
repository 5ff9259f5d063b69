package tcp

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/sockdiag"
)

// Listening is a program that waits for connections.
type Listening struct {
	Program string // command name; empty: not known
	UID     uint32
	Port    uint16
	Since   time.Time // zero: before we came
}

// Listening gives who waits for connections now: whom the kernel's part saw beginning to, as far as the kernel still lists
// a socket of that user at that port in our network namespace.
func (p *Probe) Listening(now hook.Clock, f func(Listening)) error {
	if !p.choice.Have {
		return nil
	}
	alive, err := alive()
	if err != nil {
		return err
	}
	k, ok := p.choice.Source.(*kernel)
	if !ok {
		for _, l := range listening() {
			f(Listening{Program: l.program, UID: l.uid, Port: l.local.Port()})
		}
		return nil
	}
	err = hook.Each(k.Map(tcpMapListeners), func(key *tcpListenerKey, v *tcpListener) {
		if !alive[end{key.Port, v.Uid}] {
			return
		}
		l := Listening{Program: hook.String(v.Program[:]), UID: v.Uid, Port: key.Port}
		if v.Since > 0 {
			l.Since = now.Time(v.Since)
		}
		f(l)
	})
	if err != nil {
		return fmt.Errorf("read listeners: %w", err)
	}
	return nil
}

// end is a port and the user whose socket waits there.
type end struct {
	port uint16
	uid  uint32
}

// alive asks the kernel which sockets wait for connections now.
func alive() (map[end]bool, error) {
	list, err := waiting()
	if err != nil {
		return nil, err
	}
	ends := make(map[end]bool, len(list))
	for _, s := range list {
		ends[end{s.local.Port(), s.uid}] = true
	}
	return ends, nil
}

// waiting are the sockets that wait for connections, without their programs: by socket diagnosis, or else by procfs, which
// lists every connection beside them.
func waiting() ([]socket, error) {
	var list []socket
	if found, err := sockdiag.Listening(); err == nil {
		for _, s := range found {
			if strings.HasPrefix(s.Protocol, "tcp") {
				local := netip.AddrPortFrom(s.Local.Addr().Unmap(), s.Local.Port())
				list = append(list, socket{local: local, state: stateListen, uid: s.UID, inode: uint64(s.Inode)})
			}
		}
		return list, nil
	}
	all, err := sockets()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.state == stateListen {
			list = append(list, s)
		}
	}
	return list, nil
}

// listening are the sockets that wait for connections, with their programs as far as we may look.
func listening() []socket {
	list, err := waiting()
	if err != nil {
		return nil
	}
	owners(list)
	return list
}
