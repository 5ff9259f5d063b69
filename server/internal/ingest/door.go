package ingest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// Bounds of connections that are open at once, beside that of the whole process ([Limits]). One that only waits takes some 70 KB. A host
// needs one; one that was killed leaves its last behind for [idleTimeout].
const (
	maxPerHost   = 6
	maxStrangers = 512 // without a certificate: whoever enrols
)

// door counts open connections by host. Beyond its bound a host, or the strangers together, lose their oldest one for each new one;
// beyond the bound of all, whoever has most loses his oldest, or the new one goes where nobody has two more than its host. Safe for
// concurrent use.
type door struct {
	most  int
	stats *Stats

	mu    sync.Mutex
	open  map[string][]*visit // oldest first; "" holds strangers
	total int
}

// visit is one open connection.
type visit struct {
	host string
	end  func()          // closes it; it may be called more than once
	idle *time.Timer     // of QUIC: ends it when no call was under way for [idleTimeout]
	done <-chan struct{} // of QUIC: closed with it
	busy atomic.Int32
}

type visitKey struct{}

// call keeps a connection from being idle until over is called. [http3.Server] has a timer of its own for that, but does not stop it
// when a connection is closed, and so holds the memory of each for as long again.
func (v *visit) call() (over func()) {
	if v == nil || v.idle == nil {
		return func() {}
	}
	if v.busy.Add(1) == 1 {
		v.idle.Stop()
	}
	return func() {
		if v.busy.Add(-1) == 0 {
			v.idle.Reset(idleTimeout)
		}
		select {
		case <-v.done:
			v.idle.Stop()
		default:
		}
	}
}

// enter counts a connection of a host ("": a stranger). It returns nil when the connection was closed instead.
func (d *door) enter(host string, end func()) *visit {
	d.mu.Lock()
	if d.open == nil {
		d.open = map[string][]*visit{}
	}
	most := maxPerHost
	if host == "" {
		most = maxStrangers
	}
	var gone func()
	v := &visit{host: host, end: end}
	switch all := d.open[host]; {
	case len(all) >= most:
		gone = all[0].end
		d.open[host] = append(slices.Clone(all[1:]), v)
	case d.total >= d.most:
		rich := d.richest()
		if theirs := d.open[rich]; len(theirs) < len(all)+2 {
			gone, v = end, nil
		} else {
			gone = theirs[0].end
			d.open[rich] = slices.Clone(theirs[1:])
			d.open[host] = append(all, v)
		}
	default:
		d.open[host] = append(all, v)
		d.total++
		d.stats.Open.Add(1)
	}
	d.mu.Unlock()
	if gone != nil {
		d.stats.Limited.Add(1)
		gone()
	}
	return v
}

// richest is the host with most connections; the strangers together count as one.
func (d *door) richest() (host string) {
	most := 0
	for h, all := range d.open {
		if len(all) > most {
			host, most = h, len(all)
		}
	}
	return host
}

// leave forgets a connection that is closed.
func (d *door) leave(v *visit) {
	if v == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.open[v.host]
	i := slices.Index(all, v)
	if i < 0 {
		return // it made room for another
	}
	d.total--
	d.stats.Open.Add(-1)
	if all = slices.Delete(slices.Clone(all), i, i+1); len(all) == 0 {
		delete(d.open, v.host)
	} else {
		d.open[v.host] = all
	}
}

func hostOf(s tls.ConnectionState) string {
	if len(s.PeerCertificates) == 0 {
		return ""
	}
	return s.PeerCertificates[0].Subject.CommonName
}

// quic counts a QUIC connection; see [http3.Server].ConnContext.
func (d *door) quic(ctx context.Context, c *quic.Conn) context.Context {
	if arrived, ok := c.Context().Value(arrivalKey{}).(func()); ok {
		arrived()
	}
	v := d.enter(hostOf(c.ConnectionState().TLS), func() {
		c.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad), "too many connections") //nolint:errcheck // it is over either way
	})
	if v == nil {
		return ctx
	}
	v.done, v.idle = c.Context().Done(), time.AfterFunc(idleTimeout, func() {
		c.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "idle") //nolint:errcheck // as above
	})
	context.AfterFunc(c.Context(), func() { v.idle.Stop(); d.leave(v) })
	return context.WithValue(ctx, visitKey{}, v)
}

// tcp counts TCP connections, once their handshake is over and until then on the porch; see [http.Server.ConnState].
func (d *door) tcp(p *porch) func(net.Conn, http.ConnState) {
	type one struct {
		arrived func()
		visit   *visit
		inside  bool
	}
	var mu sync.Mutex
	all := map[*tls.Conn]one{}
	return func(conn net.Conn, s http.ConnState) {
		c, ok := conn.(*tls.Conn)
		if !ok {
			return
		}
		shut := func() { go c.NetConn().Close() } // from aside: this runs on the connection's own path
		mu.Lock()
		defer mu.Unlock()
		o, known := all[c]
		switch {
		case s == http.StateNew:
			if o.arrived, ok = p.enter(networkOf(c.RemoteAddr())); !ok {
				shut()
				return
			}
			all[c] = o
		case !known:
		case s == http.StateClosed || s == http.StateHijacked:
			o.arrived()
			d.leave(o.visit)
			delete(all, c)
		case !o.inside && c.ConnectionState().HandshakeComplete:
			o.arrived()
			o.inside, o.visit = true, d.enter(hostOf(c.ConnectionState()), shut)
			all[c] = o
		}
	}
}
