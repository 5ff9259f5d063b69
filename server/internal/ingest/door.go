package ingest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// Bounds of connections that are open at once in one process. One that only waits takes some 70 KB. A host needs one; one that was
// killed leaves its last behind for [idleTimeout].
const (
	maxPerHost     = 6
	maxStrangers   = 512  // without a certificate: whoever enrols
	maxConnections = 8192 // over QUIC and TCP
)

// door counts open connections by host. Beyond its bound a host, or the strangers together, lose their oldest one for each new one;
// beyond the bound of all the new one goes. Safe for concurrent use.
type door struct {
	mu     sync.Mutex
	open   map[string][]*visit // oldest first; "" holds strangers
	total  int
	turned func() // is called for each connection that goes by a bound
}

// visit is one open connection.
type visit struct {
	host string
	end  func() // closes it; it may be called more than once
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
	v := &visit{host, end}
	switch all := d.open[host]; {
	case len(all) >= most:
		gone = all[0].end
		d.open[host] = append(slices.Clone(all[1:]), v)
	case d.total >= maxConnections:
		gone, v = end, nil
	default:
		d.open[host] = append(all, v)
		d.total++
	}
	d.mu.Unlock()
	if gone != nil {
		d.turned()
		gone()
	}
	return v
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
	v := d.enter(hostOf(c.ConnectionState().TLS), func() {
		c.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad), "too many connections") //nolint:errcheck // it is over either way
	})
	context.AfterFunc(c.Context(), func() { d.leave(v) })
	return ctx
}

// tcp counts TCP connections once their handshake is over; see [http.Server].ConnState.
func (d *door) tcp() func(net.Conn, http.ConnState) {
	var mu sync.Mutex
	visits := map[net.Conn]*visit{}
	return func(c net.Conn, s http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		_, known := visits[c]
		switch t, ok := c.(*tls.Conn); {
		case s == http.StateClosed || s == http.StateHijacked:
			d.leave(visits[c])
			delete(visits, c)
		case (s == http.StateActive || s == http.StateIdle) && !known && ok && t.ConnectionState().HandshakeComplete:
			// Closed from aside: this runs on the connection's own path.
			visits[c] = d.enter(hostOf(t.ConnectionState()), func() { go t.NetConn().Close() })
		}
	}
}
