package tcp

import (
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// kernel is the source that counts in the kernel.
type kernel struct {
	*hook.Attachment
	table   *flow.Table
	out, in bool // which ends of our own connection were seen
}

func attach(spec *ebpf.CollectionSpec, c hook.Candidate, o hook.Options) (*kernel, error) {
	a, err := hook.Attach(spec, c, o)
	if err != nil {
		return nil, err
	}
	k := &kernel{Attachment: a, table: flow.NewTable(a)}
	k.fillListeners(c.Kind == hook.Tracepoint)
	return k, nil
}

// fillListeners tells the kernel's part who listened before it came.
func (k *kernel) fillListeners(noNamespaces bool) {
	var netns uint32
	if !noNamespaces {
		netns = ownNamespace()
	}
	for _, l := range listening() {
		key := tcpListenerKey{Netns: netns, Port: l.local.Port()}
		value := tcpListener{Uid: l.uid, Pid: uint32(l.pid)}
		hook.Copy(value.Program[:], []byte(l.program)[:min(len(l.program), 15)])
		// Somebody who began to listen since knows better.
		_ = k.Map(tcpMapListeners).Update(key, value, ebpf.UpdateNoExist)
	}
}

func (k *kernel) drain(now hook.Clock, f func(flow.Seen)) error { return k.table.Drain(now, f) }

func (k *kernel) saw(c *hook.Connection) error {
	out, in, err := k.table.Take(c.Server)
	k.out, k.in = k.out || out, k.in || in
	switch {
	case err != nil:
		return err
	case !k.out && !k.in:
		return hook.ErrSilent
	case !k.out:
		return fmt.Errorf("connect: %w", hook.ErrSilent)
	case !k.in:
		return fmt.Errorf("accept: %w", hook.ErrSilent)
	}
	return nil
}
