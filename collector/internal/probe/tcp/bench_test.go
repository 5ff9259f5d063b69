package tcp

import (
	"net"
	"testing"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// BenchmarkConnection is what one connection over loopback costs in the kernel: both ends, from connect to close.
func BenchmarkConnection(b *testing.B) {
	for _, kind := range bpfKinds {
		b.Run(kind, func(b *testing.B) {
			p := Open(b.Context(), Options{Options: hook.Options{Ring: hooktest.Ring(b)}, Kinds: []string{kind}})
			defer p.Close()
			hooktest.NeedProven(b, kind, p.Hooks()[0])
			var lc net.ListenConfig
			lc.SetMultipathTCP(false)
			l, err := lc.Listen(b.Context(), "tcp4", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			hooktest.Measured(b, p.choice.Source.(*kernel).BPF(), "connection", func() (n int) {
				for b.Loop() {
					connectAndReset(b, l)
					n++
				}
				return n
			})
		})
	}
}

func connectAndReset(b *testing.B, l net.Listener) {
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
	s.Close()
}
