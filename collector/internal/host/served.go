package host

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"path"
	"slices"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxServed    = 16              // listeners that are asked
	helloTimeout = 2 * time.Second // of one handshake
)

// tlsPorts usually speak TLS from the first byte.
var tlsPorts = []uint16{443, 465, 636, 853, 989, 990, 993, 995, 2376, 3269, 4443, 5061, 5986, 6443, 6514, 8006, 8443, 8883, 9090, 9443, 10000, 10250}

// tlsPrograms may speak TLS on any port.
var tlsPrograms = []string{"nginx", "apache2", "httpd", "haproxy", "caddy", "lighttpd", "uhttpd", "traefik", "envoy", "stunnel4", "stunnel"}

var tlsVersions = []struct {
	name    string
	version uint16
}{{"1.3", tls.VersionTLS13}, {"1.2", tls.VersionTLS12}, {"1.1", tls.VersionTLS11}, {"1.0", tls.VersionTLS10}}

// servedCertificates makes a handshake with the host's own TLS listeners, once for each version of the protocol. No name
// is asked for, so of a server with many names the default one answers.
func (e *Env) servedCertificates(ctx context.Context, doc *facts.Document) []facts.Certificate {
	if doc.Sockets == nil {
		return nil
	}
	out := []facts.Certificate{}
	asked := map[uint16]bool{}
	for _, l := range doc.Sockets.Listeners {
		if l.Protocol != "tcp" && l.Protocol != "tcp6" || asked[l.Port] || len(asked) >= maxServed {
			continue
		}
		if !slices.Contains(tlsPorts, l.Port) && !slices.Contains(tlsPrograms, path.Base(l.Exe)) {
			continue
		}
		addr, err := netip.ParseAddr(l.Address)
		if err != nil {
			continue
		}
		asked[l.Port] = true
		if c, ok := e.askTLS(ctx, dialable(netip.AddrPortFrom(addr, l.Port))); ok {
			c.Port = l.Port
			out = append(out, c)
		}
	}
	return out
}

func (e *Env) askTLS(ctx context.Context, a netip.AddrPort) (facts.Certificate, bool) {
	var out facts.Certificate
	found := false
	for _, v := range tlsVersions {
		state, answered := hello(ctx, a, v.version)
		if state == nil {
			if !answered {
				break // nobody there, or no TLS at all
			}
			continue
		}
		if !found && len(state.PeerCertificates) > 0 {
			out, found = e.certificate(state.PeerCertificates[0]), true
		}
		out.TLSVersions = append(out.TLSVersions, v.name)
	}
	slices.Sort(out.TLSVersions)
	return out, found
}

// hello tries one version. answered says that something spoke TLS, if only to refuse.
func hello(ctx context.Context, a netip.AddrPort, version uint16) (state *tls.ConnectionState, answered bool) {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	var suites []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		suites = append(suites, s.ID)
	}
	// The certificate is what we came to look at: nothing is sent over the connection and nothing trusted.
	d := tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, CipherSuites: suites}}
	conn, err := d.DialContext(ctx, "tcp", a.String())
	if err != nil {
		var alert tls.AlertError
		return nil, asAlert(err, &alert)
	}
	defer conn.Close()
	s := conn.(*tls.Conn).ConnectionState()
	return &s, true
}

// asAlert says whether a handshake failed by the other side's refusal, not by silence or by another protocol.
func asAlert(err error, alert *tls.AlertError) bool {
	var op *net.OpError
	return errors.As(err, alert) || errors.As(err, &op) && op.Op == "remote error"
}
