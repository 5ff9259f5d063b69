package tcp

import (
	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// kernel is the source that counts in the kernel.
type kernel struct {
	*hook.Attachment
	table *flow.Table
	ends  flow.Ends // of our own connection
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
	return k.ends.Saw(k.table, c.Server, "connect", "accept")
}
